// Prints the URL of every module that is loaded.
import { registerHooks } from 'node:module';

registerHooks({
  load(url, context, next) {
    process.stdout.write(`loaded ${url}\n`);
    return next(url, context);
  },
});
