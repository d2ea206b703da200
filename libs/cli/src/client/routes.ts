import type { api, Endpoint } from '@tunesmith/contracts';
import type { z } from 'zod';

type Api = typeof api;

/** Every route of the HTTP API by what is sent, such as `GET /v1/runs/{id}`; types alone, so that nothing is loaded. */
type Routes = { [Key in keyof Api as `${Api[Key]['method']} ${Api[Key]['path']}`]: Api[Key] };
export type Route = keyof Routes;

type InputOf<Definition, Key extends string> = Definition extends Readonly<Record<Key, infer Schema extends z.ZodType>> ? z.input<Schema> : undefined;

/** What a route takes; a part that may be empty may be left out. */
export type Parts<Name extends Route> = {
  readonly [Key in 'parameters' | 'query' | 'body' as InputOf<Routes[Name], Key> extends undefined ? never : Key]: InputOf<Routes[Name], Key>;
} extends infer All
  ? Loosened<All>
  : never;

type Loosened<All> = { readonly [Key in keyof All as object extends All[Key] ? never : Key]: All[Key] } & { readonly [Key in keyof All as object extends All[Key] ? Key : never]?: All[Key] };

type AnswerBody<Definition> = Definition extends { readonly answer: { readonly body: infer Body } } ? Body : never;
/** What a route answers with. */
export type Answer<Name extends Route> = AnswerBody<Routes[Name]> extends infer Body ? (Body extends z.ZodType ? z.output<Body> : never) : never;

/** The routes whose answer has this kind of body. */
export type RouteAnswering<Body extends Endpoint['answer']['body']> = { [Name in Route]: AnswerBody<Routes[Name]> extends Body ? Name : never }[Route];

/** The path of a route with its parameters and query filled in. */
export function fillRoute(route: string, parts: { readonly parameters?: object; readonly query?: object }): { method: string; path: string } {
  const [method, template] = route.split(' ') as [string, string];
  const parameters = new Map(Object.entries(parts.parameters ?? {}).map(([name, value]) => [name, String(value)]));
  const path = template.replace(/\{(\w+)(\*?)\}/g, (_all, name: string, rest: string) => {
    const value = parameters.get(name);
    if (value === undefined) throw new Error(`${route}: the parameter ${name} is missing`);
    return rest ? value.split('/').map(encodeURIComponent).join('/') : encodeURIComponent(value);
  });
  const query = new URLSearchParams(
    Object.entries(parts.query ?? {})
      .filter(([, value]) => value !== undefined)
            .map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
  return { method, path: query ? `${path}?${query}` : path };
}
