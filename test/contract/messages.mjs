// A recorded request as it is sent, with the values for its placeholders.
export function messageOf({ method, path, headers = {}, bodyKind, body }, placeholders) {
  const filled = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, placeholders.fill(value)]));
  const message = { method, path: placeholders.fill(path, encodeURIComponent), headers: filled };
  if (bodyKind === undefined || body === undefined || body === null) {
    if (method !== 'GET' && method !== 'HEAD') message.headers['content-length'] ??= '0';
    return message;
  }
  if (bodyKind === 'form') {
    const pairs = Array.isArray(body) ? body : Object.entries(body);
    message.body = new URLSearchParams(
      pairs.map(([name, value]) => [name, placeholders.fill(String(value))]),
    ).toString();
    message.headers['content-type'] ??= 'application/x-www-form-urlencoded';
  } else if (bodyKind === 'json') {
    message.body = placeholders.fill(JSON.stringify(body));
    message.headers['content-type'] ??= 'application/json';
  } else message.body = placeholders.fill(String(body));
  message.headers['content-length'] = String(Buffer.byteLength(message.body));
  return message;
}
