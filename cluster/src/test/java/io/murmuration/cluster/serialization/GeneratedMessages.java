package io.murmuration.cluster.serialization;

import io.murmuration.actors.protocol.ControlMessage;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.ProtocolException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Messages of any class of the protocol, made of its components' types alone. */
final class GeneratedMessages {

    /** Constructors that check may refuse what chance makes. */
    private static final int ATTEMPTS = 1000;

    private static final String[] LETTERS = {"a", "Z", "0", ":", "-", " ", "\u00e4", "\u6f22", "\ud83d\udc26", "\u0000"
    };
    private static final long[] LONGS = {0, 1, -1, 63, 64, 1_000_001, Long.MAX_VALUE, Long.MIN_VALUE};
    private static final double[] DOUBLES = {0.0, -0.0, 1.5, Double.NaN, Double.NEGATIVE_INFINITY, Double.MIN_VALUE};

    private final SplittableRandom random;

    GeneratedMessages(long seed) {
        this.random = new SplittableRandom(seed);
    }

    Envelope envelope(Class<?> message) {
        return new Envelope(
                (Member) value(Member.class), (Member) value(Member.class), (ControlMessage) value(message));
    }

    private Object value(Type type) {
        if (type instanceof ParameterizedType generic) {
            return container(generic);
        }
        Class<?> named = (Class<?>) type;
        if (named == long.class || named == Long.class) {
            return LONGS[random.nextInt(LONGS.length)];
        } else if (named == int.class || named == Integer.class) {
            return (int) LONGS[random.nextInt(LONGS.length)];
        } else if (named == double.class || named == Double.class) {
            return DOUBLES[random.nextInt(DOUBLES.length)];
        } else if (named == boolean.class || named == Boolean.class) {
            return random.nextBoolean();
        } else if (named == String.class) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(20); i >= 0; i--) {
                text.append(LETTERS[random.nextInt(LETTERS.length)]);
            }
            return text.toString();
        } else if (named == byte[].class) {
            byte[] bytes = new byte[random.nextInt(20)];
            random.nextBytes(bytes);
            return bytes;
        } else if (named == OptionalInt.class) {
            return random.nextBoolean() ? OptionalInt.of(random.nextInt()) : OptionalInt.empty();
        } else if (named == OptionalLong.class) {
            return random.nextBoolean() ? OptionalLong.of(random.nextLong()) : OptionalLong.empty();
        } else if (named.isEnum()) {
            Object[] constants = named.getEnumConstants();
            return constants[random.nextInt(constants.length)];
        } else if (named.isSealed()) {
            List<Class<?>> leaves = List.copyOf(WireSchema.leaves(named));
            return value(leaves.get(random.nextInt(leaves.size())));
        }
        return recordOf(named);
    }

    private Object container(ParameterizedType type) {
        Type raw = type.getRawType();
        Type first = type.getActualTypeArguments()[0];
        if (raw == Optional.class) {
            return random.nextBoolean() ? Optional.of(value(first)) : Optional.empty();
        } else if (raw == SortedMap.class || raw == Map.class) {
            Map<Object, Object> map = new TreeMap<>();
            for (int i = random.nextInt(4); i > 0; i--) {
                map.put(value(first), value(type.getActualTypeArguments()[1]));
            }
            return map;
        }
        List<Object> list = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            list.add(value(first));
        }
        return raw == SortedSet.class || raw == Set.class ? new TreeSet<>(list) : list;
    }

    private Object recordOf(Class<?> type) {
        RecordComponent[] components = type.getRecordComponents();
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            try {
                Constructor<?> constructor = type.getDeclaredConstructor(
                        Stream.of(components).map(RecordComponent::getType).toArray(Class<?>[]::new));
                return constructor.newInstance(Stream.of(components)
                        .map(RecordComponent::getGenericType)
                        .map(this::value)
                        .toArray());
            } catch (InvocationTargetException e) {
                if (!(e.getCause() instanceof ProtocolException)
                        && !(e.getCause() instanceof IllegalArgumentException)) {
                    throw new AssertionError("a " + type + " cannot be made", e);
                }
            } catch (ReflectiveOperationException e) {
                throw new AssertionError("a " + type + " cannot be made", e);
            }
        }
        throw new AssertionError("chance makes no " + type + " that its constructor takes");
    }
}
