// A gateway on the folder and port it is given, to be killed: crash.test.ts starts it.
import { openStores, startReplica } from './chat-harness.ts';

const [folder, port] = process.argv.slice(2);
const replica = await startReplica(await openStores(folder), {
  port: Number(port),
  environment: { CHAT_MESSAGES_PER_MINUTE: '1000000', CHAT_ADDRESS_MESSAGES_PER_MINUTE: '1000000' },
});
process.stdout.write(`${replica.port}\n`);
