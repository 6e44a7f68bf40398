// Calls of control operations over HTTP, and their values.

// A call that failed: `status` as a word ('not_found'), and a sentence for people.
export class WherryError extends Error {
  constructor(status, message) {
    super(`${status}: ${message}`);
    this.name = 'WherryError';
    this.status = status;
  }
}

// Runs the operation 'nats.publish' with an object, and answers with one.
export async function callControl(url, operation, members = {}) {
  const response = await fetch(`${url}/control/${operation.replaceAll('.', '/')}`, {
    method: 'POST',
    headers: {'Content-Type': 'application/json'},
    body: JSON.stringify(members),
  });
  const answer = await response.json();
  if (response.ok) return answer;
  throw new WherryError(answer.error.status, answer.error.message);
}

// Adds bytes (a Buffer or Uint8Array) or text to the members of a call; undefined and null are
// left out.
export function putBytes(members, name, value) {
  if (value === undefined || value === null) return;
  if (typeof value === 'string') members[name] = value;
  else members[`${name}_base64`] = Buffer.from(value).toString('base64');
}

// A Buffer, or null.
export function takeBytes(members, name) {
  const encoded = members[`${name}_base64`];
  if (encoded !== undefined) return Buffer.from(encoded, 'base64');
  const text = members[name];
  return text === undefined || text === null ? null : Buffer.from(text);
}

// `headers`: an object, or [name, value] pairs where names repeat.
export function headersToJson(headers) {
  const pairs = Array.isArray(headers) ? headers : Object.entries(headers);
  return pairs.map(([name, value]) => {
    const header = {name};
    putBytes(header, 'value', value);
    return header;
  });
}

const headersOf = (members) =>
  members.headers.map((header) => [header.name, takeBytes(header, 'value')]);

// {subject, reply, headers: [[name, Buffer]], payload: Buffer, header(name)}
export function messageOf(members) {
  const headers = headersOf(members);
  return {
    subject: members.subject,
    reply: members.reply,
    headers,
    payload: takeBytes(members, 'payload'),
    // The first of that name, compared without case, as text; undefined if there is none.
    header: (name) =>
      headers.find(([other]) => other.toLowerCase() === name.toLowerCase())?.[1].toString(),
  };
}

// {partition, offset, timestamp, key: Buffer or null, value: Buffer or null, headers}
export function recordOf(members) {
  return {
    partition: members.partition,
    offset: members.offset,
    timestamp: members.timestamp,
    key: takeBytes(members, 'key'),
    value: takeBytes(members, 'value'),
    headers: headersOf(members),
  };
}
