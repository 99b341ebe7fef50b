package io.murmuration.cluster.serialization;

import com.esotericsoftware.kryo.io.Output;
import io.murmuration.actors.protocol.ProtocolException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/** Codecs of values that hold others: a count and then each; maps and sets in ascending order, each key once. */
final class Containers {

    private Containers() {}

    static ValueCodec list(ValueCodec element) {
        return Values.of(
                1,
                (output, value) -> {
                    Collection<?> elements = (Collection<?>) value;
                    output.writeVarInt(elements.size(), true);
                    for (Object each : elements) {
                        element.write(output, present(each, "an element of a list"));
                    }
                },
                input -> {
                    int count = Values.readCount(input, element.leastBytes());
                    List<Object> elements = new ArrayList<>(count);
                    for (int i = 0; i < count; i++) {
                        elements.add(element.read(input));
                    }
                    return elements;
                });
    }

    static ValueCodec sortedMap(ValueCodec key, ValueCodec element) {
        return Values.of(
                1,
                (output, value) -> {
                    SortedMap<Object, Object> entries = new TreeMap<>(ascending());
                    entries.putAll((Map<?, ?>) value);
                    output.writeVarInt(entries.size(), true);
                    entries.forEach((each, mapped) -> {
                        key.write(output, each);
                        element.write(output, present(mapped, "a value of a map"));
                    });
                },
                input -> {
                    int count = Values.readCount(input, key.leastBytes() + element.leastBytes());
                    // No comparator of its own: messages copy it, and one that was made here must equal it.
                    TreeMap<Object, Object> entries = new TreeMap<>();
                    for (int i = 0; i < count; i++) {
                        Object each = key.read(input);
                        checkAscending(entries.isEmpty() ? Optional.empty() : Optional.of(entries.lastKey()), each);
                        entries.put(each, element.read(input));
                    }
                    return entries;
                });
    }

    static ValueCodec sortedSet(ValueCodec element) {
        return Values.of(
                1,
                (output, value) -> {
                    SortedSet<Object> elements = new TreeSet<>(ascending());
                    elements.addAll((Collection<?>) value);
                    output.writeVarInt(elements.size(), true);
                    elements.forEach(each -> element.write(output, each));
                },
                input -> {
                    int count = Values.readCount(input, element.leastBytes());
                    TreeSet<Object> elements = new TreeSet<>();
                    for (int i = 0; i < count; i++) {
                        Object each = element.read(input);
                        checkAscending(elements.isEmpty() ? Optional.empty() : Optional.of(elements.last()), each);
                        elements.add(each);
                    }
                    return elements;
                });
    }

    static ValueCodec optional(ValueCodec element) {
        return Values.of(
                1,
                (output, value) -> write(output, (Optional<?>) value, element),
                input -> Values.readFlag(input) ? Optional.of(element.read(input)) : Optional.empty());
    }

    static ValueCodec optionalInt() {
        return Values.of(
                1,
                (output, value) -> {
                    OptionalInt number = (OptionalInt) value;
                    write(output, number.isPresent() ? Optional.of(number.getAsInt()) : Optional.empty(), Values.INT);
                },
                input -> Values.readFlag(input)
                        ? OptionalInt.of((Integer) Values.INT.read(input))
                        : OptionalInt.empty());
    }

    static ValueCodec optionalLong() {
        return Values.of(
                1,
                (output, value) -> {
                    OptionalLong number = (OptionalLong) value;
                    write(output, number.isPresent() ? Optional.of(number.getAsLong()) : Optional.empty(), Values.LONG);
                },
                input -> Values.readFlag(input)
                        ? OptionalLong.of((Long) Values.LONG.read(input))
                        : OptionalLong.empty());
    }

    private static void write(Output output, Optional<?> value, ValueCodec element) {
        output.writeByte(value.isPresent() ? 1 : 0);
        value.ifPresent(each -> element.write(output, each));
    }

    static Object present(Object value, String what) {
        if (value == null) {
            throw new ProtocolException(what + " is null and cannot be sent");
        }
        return value;
    }

    private static void checkAscending(Optional<Object> last, Object next) {
        if (last.isPresent() && ascending().compare(last.get(), next) >= 0) {
            throw new ProtocolException("keys have to ascend, got " + next + " after " + last.get());
        }
    }

    /** Keys are of one type that has an order: {@link WireSchema} sees to it. */
    @SuppressWarnings("unchecked")
    private static Comparator<Object> ascending() {
        return (Comparator<Object>) (Comparator<?>) Comparator.naturalOrder();
    }
}
