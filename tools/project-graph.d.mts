/** The Nx project graph: nodes with their tags, and which project imports which. */
export function projectGraph(): {
  nodes: Record<string, { data: { tags?: string[]; root: string } }>;
  dependencies: Record<string, { source: string; target: string; type: string }[]>;
};
