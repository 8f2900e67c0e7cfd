import { createConnection } from 'node:net';

/** True when the IMAP server at the port greets and lets the user in. */
export function imapAnswers(port: number, user: string, password: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port });
    let received = '';
    let asked = false;
    const finish = (answers: boolean) => {
      socket.destroy();
      resolve(answers);
    };
    socket.setTimeout(5000, () => finish(false));
    socket.on('error', () => finish(false));
    socket.on('close', () => finish(false));
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      if (!asked && received.startsWith('* OK')) {
        asked = true;
        socket.write(`a LOGIN ${quoted(user)} ${quoted(password)}\r\n`);
      }
      const answer = /^a (\w+)/m.exec(received)?.[1];
      if (answer !== undefined) finish(answer === 'OK');
    });
  });
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}
