import { createHash } from 'node:crypto';
import { collectRows, encodeConversations, type FittedRows, type Split } from '@tunesmith/datasets';
import { conversationFormat } from '@tunesmith/models';
import { ChatTemplate, encodeWeighed, Tokenizer, type EncodedConversation } from '@tunesmith/tokenizers';
import { FusionError } from './fusion-error.js';

export interface ConversationLimits {
  /** In tokens of the model that reads. */
  readonly maxLength: number;
  readonly longRows: 'refuse' | 'drop';
}

/** A dataset's conversations as the pivot's template writes them, whichever model reads them (FuseChat's published `get_data_representation`). */
export class PivotConversations {
  private constructor(
    readonly tokenizer: Tokenizer,
    private readonly template: ChatTemplate,
  ) {}

  /** @throws FusionError `no-chat-template`, `pivot-reads-source`. */
  static async of(pivotFolder: string): Promise<PivotConversations> {
    const format = await conversationFormat(pivotFolder);
    if (!format) {
      throw new FusionError('no-chat-template', 'fuse: expected a chat template in the pivot, because every source reads the conversations as the pivot writes them; it has none. Use an instruct model as pivot, or add its template (chat_template.jinja). Sources need none.', { folder: pivotFolder });
    }
    if (!(format instanceof ChatTemplate)) throw new FusionError('pivot-reads-source', 'fuse: expected a pivot that goes on with a conversation; it is an encoder-decoder, whose tokens have no counterpart in others.', { folder: pivotFolder });
    return new PivotConversations(await Tokenizer.fromFolder(pivotFolder), format);
  }

  /** The rows of a split for the model of `tokenizer`, and a digest of their text: equal where the same rows were written by the same template. */
  async encode(datasetFolder: string, split: Split, tokenizer: Tokenizer, limits: ConversationLimits): Promise<FittedRows & { readonly count: number; readonly digest: string }> {
    const rows = await collectRows(datasetFolder, { split });
    const begins = writesBeginning(tokenizer);
    const hash = createHash('sha256');
    const fitted = await encodeConversations(rows, tokenizer, {
      encodeForTraining: (reader, messages, weighing, tools): EncodedConversation => {
        const texts = this.template.weighedTexts(this.tokenizer, messages, weighing, tools);
        hash.update(JSON.stringify(texts));
        const encoded = encodeWeighed(reader, texts);
        // A model that always began with this token is lost without it, and the pivot's template does not know it.
        if (!begins || encoded.tokenIds[0] === reader.bosTokenId) return encoded;
        const { tokenIds, lossMask, lossWeights } = encoded;
        return { tokenIds: [reader.bosTokenId!, ...tokenIds], lossMask: [false, ...lossMask], ...(lossWeights && { lossWeights: [0, ...lossWeights] }) };
      },
    }, limits);
    return { ...fitted, count: rows.length, digest: hash.digest('hex') };
  }
}

/** Whether a tokenizer puts its first token before plain text by itself. */
function writesBeginning(tokenizer: Tokenizer): boolean {
  return tokenizer.bosTokenId !== undefined && tokenizer.encode('a')[0] === tokenizer.bosTokenId;
}
