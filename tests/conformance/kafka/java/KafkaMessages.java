import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.protocol.types.BoundField;
import org.apache.kafka.common.protocol.types.CompactArrayOf;
import org.apache.kafka.common.protocol.types.Field;
import org.apache.kafka.common.protocol.types.Schema;
import org.apache.kafka.common.protocol.types.Struct;
import org.apache.kafka.common.protocol.types.TaggedFields;
import org.apache.kafka.common.protocol.types.Type;

/**
 * Kafka's messages as its Java client reads and writes them, compared with ours.
 *
 * <p>Usage: KafkaMessages OURS THEIRS SEED COUNT. OURS has a line for each message that we wrote,
 * "key kind version hex": the client's class reads it, writes it again, and the bytes must be the
 * same. THEIRS gets COUNT messages of each key, kind and version in OURS that the client made up,
 * for us to do the same with.
 */
public final class KafkaMessages {
  private static final HexFormat HEX = HexFormat.of();

  private final Random random;
  private final NavigableMap<String, Long> compared = new TreeMap<>();
  private final TreeSet<String> unknown = new TreeSet<>();
  private long failures = 0;

  private KafkaMessages(long seed) {
    random = new Random(seed);
  }

  private record Kind(short key, boolean response, short version) implements Comparable<Kind> {
    static Kind parse(String[] words) {
      return new Kind(Short.parseShort(words[0]), words[1].equals("response"),
                      Short.parseShort(words[2]));
    }

    ApiMessageType type() {
      return ApiMessageType.fromApiKey(key);
    }

    boolean known() {
      ApiMessageType type = type();
      return version >= type.lowestSupportedVersion()
          && version <= type.highestSupportedVersion(true) && schema() != null;
    }

    Schema schema() {
      Schema[] schemas = response ? type().responseSchemas() : type().requestSchemas();
      return version < schemas.length ? schemas[version] : null;
    }

    ApiMessage read(byte[] bytes) {
      ApiMessage message = response ? type().newResponse() : type().newRequest();
      ByteBufferAccessor from = new ByteBufferAccessor(ByteBuffer.wrap(bytes));
      message.read(from, version);
      if (from.remaining() > 0) {
        throw new IllegalStateException(from.remaining() + " bytes are left over");
      }
      return message;
    }

    byte[] write(ApiMessage message) {
      ByteBuffer buffer = MessageUtil.toByteBufferAccessor(message, version).buffer();
      byte[] bytes = new byte[buffer.remaining()];
      buffer.get(bytes);
      return bytes;
    }

    String name() {
      return key + " " + (response ? "response" : "request") + " " + version;
    }

    @Override
    public int compareTo(Kind other) {
      return Arrays.compare(new int[] {key, response ? 1 : 0, version},
                            new int[] {other.key, other.response ? 1 : 0, other.version});
    }
  }

  private void compare(Kind kind, byte[] bytes) {
    String complaint = null;
    try {
      byte[] again = kind.write(kind.read(bytes));
      if (!Arrays.equals(bytes, again)) {
        complaint = "written again: " + HEX.formatHex(again);
      }
    } catch (RuntimeException e) {
      complaint = e.toString();
    }
    compared.merge(kind.type().name, 1L, Long::sum);
    if (complaint == null) return;
    if (++failures <= 20) {
      System.out.println(kind.type().name + " " + kind.name() + ": " + HEX.formatHex(bytes) + "\n  "
                         + complaint);
    }
  }

  // A value of the type: small mostly, great now and then, null where that may be.
  private Object value(Type type) {
    if (type.isArray()) {
      if (type.isNullable() && random.nextInt(3) == 0) return null;
      Object[] values = new Object[random.nextInt(4)];
      for (int i = 0; i < values.length; i++) values[i] = value(type.arrayElementType().get());
      return values;
    }
    if (type.isNullable() && random.nextInt(3) == 0) return null;
    if (type instanceof Schema schema) return struct(schema);
    String name = type.toString();
    long number = random.nextInt(4) == 0 ? random.nextLong() : random.nextInt(10);
    if (name.contains("STRING")) return text();
    if (name.contains("RECORDS")) return records(bytes());
    if (name.contains("BYTES")) return bytes();
    switch (name) {
      case "BOOLEAN": return random.nextBoolean();
      case "INT8": return (byte) number;
      case "INT16": return (short) number;
      case "UINT16": return (int) (number & 0xffff);
      case "INT32": return (int) number;
      case "UINT32": return number & 0xffffffffL;
      case "INT64": return number;
      case "FLOAT64": return random.nextInt(1000) / 8.0;
      case "UUID": return new Uuid(random.nextLong(), random.nextLong());
      default: break;
    }
    if (type instanceof TaggedFields tagged) return tags(tagged);
    // A structure that may be null.
    for (var field : type.getClass().getDeclaredFields()) {
      if (!Schema.class.isAssignableFrom(field.getType())) continue;
      try {
        field.setAccessible(true);
        return struct((Schema) field.get(type));
      } catch (IllegalAccessException e) {
        throw new IllegalStateException(e);
      }
    }
    throw new IllegalStateException("a value of " + name + " (" + type.getClass() + ")");
  }

  private Struct struct(Schema schema) {
    Struct struct = new Struct(schema);
    for (BoundField field : schema.fields()) struct.set(field, value(field.def.type));
    return struct;
  }

  private NavigableMap<Integer, Object> tags(TaggedFields type) {
    NavigableMap<Integer, Object> tags = new TreeMap<>();
    for (Map.Entry<Integer, Field> field : type.fields().entrySet()) {
      if (random.nextBoolean()) tags.put(field.getKey(), value(field.getValue().type));
    }
    return tags;
  }

  private String text() {
    StringBuilder text = new StringBuilder();
    for (int size = random.nextInt(50) == 0 ? 1000 : random.nextInt(6); size > 0; size--) {
      text.append((char) ('a' + random.nextInt(26)));
    }
    return text.toString();
  }

  private ByteBuffer bytes() {
    byte[] bytes = new byte[random.nextInt(20)];
    random.nextBytes(bytes);
    return ByteBuffer.wrap(bytes);
  }

  // A compact array's; the client's own is not public from 4.4 on.
  private static void writeCount(int count, ByteBuffer to) {
    for (; count > 0x7f; count >>>= 7) to.put((byte) (count | 0x80));
    to.put((byte) count);
  }

  // Writes it as the schema says, but for one thing that schemas before 4.3 do not know: a structure
  // that may be null has a byte in front, 1, or is only that byte, -1. Which may be null they do not
  // know either: with `marked`, all may.
  private void write(Schema schema, Struct struct, boolean marked, ByteBuffer to) {
    for (BoundField field : schema.fields()) {
      Type type = field.def.type;
      Object value = struct.get(field);
      if (type instanceof Schema inner && !type.isNullable()) {
        boolean absent = marked && random.nextInt(3) == 0;
        if (marked) to.put((byte) (absent ? -1 : 1));
        if (!absent) write(inner, (Struct) value, marked, to);
      } else if (type.isArray() && type.arrayElementType().get() instanceof Schema element) {
        Object[] values = (Object[]) value;
        if (type instanceof CompactArrayOf) {
          writeCount(values == null ? 0 : values.length + 1, to);
        } else {
          to.putInt(values == null ? -1 : values.length);
        }
        if (values == null) continue;
        for (Object each : values) write(element, (Struct) each, marked, to);
      } else {
        type.write(to, value);
      }
    }
  }

  // The class of records has moved between releases.
  private static Object records(ByteBuffer bytes) {
    for (String where : new String[] {"record.internal", "record"}) {
      try {
        return Class.forName("org.apache.kafka.common." + where + ".MemoryRecords")
            .getMethod("readableRecords", ByteBuffer.class).invoke(null, bytes);
      } catch (ClassNotFoundException e) {
        continue;
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(e);
      }
    }
    throw new IllegalStateException("this client has no MemoryRecords");
  }

  // A message as the client's class writes it: one whose tagged field has its default is written
  // without it, so what the schema wrote is read and written once by the class.
  private byte[] made(Kind kind) {
    Schema schema = kind.schema();
    RuntimeException refusal = null;
    for (boolean marked : new boolean[] {false, true}) {
      ByteBuffer buffer = ByteBuffer.allocate(1 << 20);
      write(schema, struct(schema), marked, buffer);
      try {
        return kind.write(kind.read(Arrays.copyOf(buffer.array(), buffer.position())));
      } catch (RuntimeException e) {
        refusal = e;
      }
    }
    throw new IllegalStateException("no message of " + kind.name() + " could be made", refusal);
  }

  public static void main(String[] arguments) throws IOException {
    KafkaMessages messages = new KafkaMessages(Long.parseLong(arguments[2]));
    int count = Integer.parseInt(arguments[3]);
    TreeSet<Kind> kinds = new TreeSet<>();
    try (BufferedReader ours = Files.newBufferedReader(Path.of(arguments[0]))) {
      for (String line; (line = ours.readLine()) != null;) {
        String[] words = line.split(" ", -1);
        Kind kind = Kind.parse(words);
        if (!kind.known()) {
          messages.unknown.add(kind.type().name + " " + kind.version());
          continue;
        }
        kinds.add(kind);
        messages.compare(kind, HEX.parseHex(words[3]));
      }
    }
    try (PrintStream theirs = new PrintStream(Files.newOutputStream(Path.of(arguments[1])))) {
      for (Kind kind : kinds) {
        for (int i = 0; i < count; i++) {
          theirs.println(kind.name() + " " + HEX.formatHex(messages.made(kind)));
        }
      }
    }
    long total = messages.compared.values().stream().mapToLong(Long::longValue).sum();
    System.out.println("Java read and wrote " + total + " messages of " + messages.compared.size()
                       + " APIs in " + kinds.size() + " kinds; " + messages.failures + " differ");
    if (!messages.unknown.isEmpty()) {
      System.out.println("not known to this client: " + String.join(", ", messages.unknown));
    }
    System.exit(messages.failures == 0 && total > 0 ? 0 : 1);
  }
}
