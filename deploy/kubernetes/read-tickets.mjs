// read-tickets.mjs ADDRESS WORD: all tickets that hold the word, with what customers wrote on them in its order, as JSON.
import { EntryKind, TicketServiceService } from '../../packages/contracts/src/index.ts';
import { connectGrpc } from '../../packages/runtime/src/index.ts';

const [address, query] = process.argv.slice(2);
const atOnce = 16;
const tickets = [];
{
  await using channel = connectGrpc(address);
  const api = channel.api(TicketServiceService);
  const filter = { states: [], ownerId: '', region: '', channel: '', customerId: '', queue: '', unassigned: false };
  const found = [];
  let pageToken = '';
  do {
    const page = await api.searchTickets({
      query,
      filter: { ...filter, pageSize: 500, pageToken: '' },
      pageSize: 500,
      pageToken,
    });
    found.push(...page.tickets);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  const read = async () => {
    for (let next = found.pop(); next !== undefined; next = found.pop()) {
      const { id, channel: by, ownerId, entries } = await api.getTicket({ id: next.id });
      const written = entries.filter(({ kind }) => kind === EntryKind.ENTRY_KIND_INBOUND);
      tickets.push({ id, channel: by, ownerId, texts: written.map(({ text }) => text.trim()) });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, read));
}
process.stdout.write(`${JSON.stringify(tickets)}\n`);
