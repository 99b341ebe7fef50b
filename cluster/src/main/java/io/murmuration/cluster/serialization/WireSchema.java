package io.murmuration.cluster.serialization;

import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import io.murmuration.actors.protocol.ProtocolException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.stream.Stream;

/**
 * How every class of a table is written, derived once from the static types of the components. A type that holds itself is
 * refused, so a message is never nested deeper than its class says.
 */
final class WireSchema {

    /** The one of the protocol. */
    static final WireSchema PROTOCOL = new WireSchema(WireTypes.TABLE);

    private final Map<Class<?>, Integer> ids = new LinkedHashMap<>();
    private final Map<Class<?>, ValueCodec> codecs = new LinkedHashMap<>();
    private final Set<Class<?>> underConstruction = new LinkedHashSet<>();

    private final ValueCodec bytes;

    WireSchema(SortedMap<Integer, Class<?>> table) {
        this(table, Values.BYTES);
    }

    /** @param bytes how arrays of bytes are written */
    WireSchema(SortedMap<Integer, Class<?>> table, ValueCodec bytes) {
        this.bytes = bytes;
        table.forEach((id, type) -> {
            if (ids.put(type, id) != null) {
                throw new IllegalStateException(type.getName() + " is in the table twice");
            }
        });
        table.values().forEach(this::registered);
    }

    /** The codec of every record of the table. */
    Map<Class<?>, RecordCodec> records() {
        Map<Class<?>, RecordCodec> records = new LinkedHashMap<>();
        codecs.forEach((type, codec) -> {
            if (codec instanceof RecordCodec recordCodec) {
                records.put(type, recordCodec);
            }
        });
        return records;
    }

    int id(Class<?> type) {
        Integer id = ids.get(type);
        if (id == null) {
            throw new ProtocolException(type.getName() + " has no number in WireTypes and cannot be sent");
        }
        return id;
    }

    private ValueCodec registered(Class<?> type) {
        if (!ids.containsKey(type)) {
            throw new IllegalStateException(type.getName() + " travels in " + underConstruction
                    + " and has no number in WireTypes: add a line there");
        }
        ValueCodec known = codecs.get(type);
        if (known != null) {
            return known;
        }
        if (!underConstruction.add(type)) {
            throw new IllegalStateException(type.getName() + " holds itself: " + underConstruction);
        }
        ValueCodec codec = type.isEnum() ? Values.constants(type) : recordCodec(type);
        underConstruction.remove(type);
        codecs.put(type, codec);
        return codec;
    }

    private RecordCodec recordCodec(Class<?> type) {
        if (!type.isRecord()) {
            throw new IllegalStateException(type.getName() + " is neither a record nor an enum");
        }
        return new RecordCodec(
                type,
                Stream.of(type.getRecordComponents())
                        .map(RecordComponent::getGenericType)
                        .map(this::codec)
                        .toList());
    }

    private ValueCodec codec(Type type) {
        if (type instanceof ParameterizedType generic) {
            return container(generic);
        }
        if (type == long.class || type == Long.class) {
            return Values.LONG;
        } else if (type == int.class || type == Integer.class) {
            return Values.INT;
        } else if (type == double.class || type == Double.class) {
            return Values.DOUBLE;
        } else if (type == boolean.class || type == Boolean.class) {
            return Values.BOOLEAN;
        } else if (type == String.class) {
            return Values.STRING;
        } else if (type == byte[].class) {
            return bytes;
        } else if (type == OptionalInt.class) {
            return Containers.optionalInt();
        } else if (type == OptionalLong.class) {
            return Containers.optionalLong();
        } else if (type instanceof Class<?> named && named.isSealed()) {
            return oneOf(named);
        } else if (type instanceof Class<?> named && (named.isRecord() || named.isEnum())) {
            return registered(named);
        }
        throw new IllegalStateException("no way to write a " + type.getTypeName() + " in " + underConstruction);
    }

    private ValueCodec container(ParameterizedType type) {
        Type raw = type.getRawType();
        Type first = type.getActualTypeArguments()[0];
        if (raw == List.class) {
            return Containers.list(counted(first));
        } else if (raw == Optional.class) {
            return Containers.optional(codec(first));
        } else if (raw == SortedMap.class || raw == Map.class) {
            return Containers.sortedMap(ordered(first), codec(type.getActualTypeArguments()[1]));
        } else if (raw == SortedSet.class || raw == Set.class) {
            return Containers.sortedSet(ordered(first));
        }
        throw new IllegalStateException("no way to write a " + type.getTypeName() + " in " + underConstruction);
    }

    /** What takes no byte could be sent any number of times in a short message. */
    private ValueCodec counted(Type type) {
        ValueCodec codec = codec(type);
        if (codec.leastBytes() == 0) {
            throw new IllegalStateException("a list of " + type.getTypeName() + " has no bound: it takes no byte");
        }
        return codec;
    }

    private ValueCodec ordered(Type type) {
        if (!(type instanceof Class<?> named) || !Comparable.class.isAssignableFrom(named)) {
            throw new IllegalStateException(type.getTypeName() + " is a key and has no order");
        }
        return counted(type);
    }

    /** A value of a sealed interface: the number of its class, then the value. */
    ValueCodec oneOf(Class<?> sealed) {
        Map<Integer, ValueCodec> permitted = new LinkedHashMap<>();
        for (Class<?> type : leaves(sealed)) {
            ValueCodec codec = registered(type);
            permitted.put(ids.get(type), codec);
        }
        return new ValueCodec() {
            @Override
            public void write(Output output, Object value) {
                int id = id(value.getClass());
                output.writeVarInt(id, true);
                permitted.get(id).write(output, value);
            }

            @Override
            public Object read(Input input) {
                int id = input.readVarInt(true);
                ValueCodec codec = permitted.get(id);
                if (codec == null) {
                    throw new ProtocolException("expected the number of a " + sealed.getSimpleName() + ", got " + id);
                }
                return codec.read(input);
            }

            @Override
            public int leastBytes() {
                return 1;
            }
        };
    }

    /** The classes of a sealed hierarchy that have instances. */
    static Set<Class<?>> leaves(Class<?> type) {
        Set<Class<?>> leaves = new LinkedHashSet<>();
        if (type.isSealed()) {
            Stream.of(type.getPermittedSubclasses()).forEach(permitted -> leaves.addAll(leaves(permitted)));
        } else {
            leaves.add(type);
        }
        return leaves;
    }
}
