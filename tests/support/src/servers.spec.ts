import { connect } from '@nats-io/transport-node';
import { jetstreamManager } from '@nats-io/jetstream';
import { NatsServer } from './nats-server.js';

test('nats-server keeps its store over a kill, and loses it when told so', async () => {
  await using server = await NatsServer.start();
  const streams = async (): Promise<string[]> => {
    const connection = await connect({ servers: server.url });
    const names = (await (await jetstreamManager(connection)).streams.names().next()).slice();
    await connection.close();
    return names;
  };
  const connection = await connect({ servers: server.url });
  await (await jetstreamManager(connection)).streams.add({ name: 'KEPT', subjects: ['kept'] });
  await connection.close();
  await server.startAgain();
  expect(await streams()).toEqual(['KEPT']);
  await server.startAgain({ wipe: true });
  expect(await streams()).toEqual([]);
});
