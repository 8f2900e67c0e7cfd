/**
 * A document store whose collections fail when the test says so.
 * @param failure Asked at every call of a collection's method; what it returns is thrown in place of the call.
 */
export function failingStore<Store extends { collection(...parameters: never[]): Promise<object> }>(
  store: Store,
  failure: () => Error | undefined,
): Store {
  const failing = (collection: object) =>
    intercept(collection, async (method, parameters) => {
      const error = failure();
      if (error !== undefined) throw error;
      return method(...parameters);
    });
  return intercept(store, (method, parameters, name) => {
    const result = method(...parameters);
    return name === 'collection' ? (result as Promise<object>).then(failing) : result;
  });
}

type Method = (...parameters: unknown[]) => unknown;

function intercept<T extends object>(
  target: T,
  call: (method: Method, parameters: unknown[], name: string | symbol) => unknown,
): T {
  return new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(object, name, object);
      if (typeof value !== 'function') return value;
      return (...parameters: unknown[]) => call(value.bind(object) as Method, parameters, name);
    },
  });
}
