package io.murmuration.cluster.serialization;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.KryoException;
import com.esotericsoftware.kryo.Serializer;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import io.murmuration.actors.protocol.ProtocolException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.RecordComponent;
import java.util.List;
import java.util.stream.Stream;

/** A record as its components in order, read through its accessors and made by its constructor, which checks them. */
final class RecordCodec extends Serializer<Object> implements ValueCodec {

    private record Part(String name, MethodHandle accessor, ValueCodec codec) {}

    private final Class<?> type;
    private final MethodHandle constructor;
    private final List<Part> parts;
    private final int least;

    /** @param codecs one for each component, in order */
    RecordCodec(Class<?> type, List<ValueCodec> codecs) {
        super(false, true);
        this.type = type;
        RecordComponent[] components = type.getRecordComponents();
        MethodHandles.Lookup lookup = MethodHandles.publicLookup();
        try {
            Class<?>[] types =
                    Stream.of(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
            constructor = lookup.unreflectConstructor(type.getDeclaredConstructor(types))
                    .asSpreader(Object[].class, components.length)
                    .asType(MethodType.methodType(Object.class, Object[].class));
            Part[] made = new Part[components.length];
            for (int i = 0; i < made.length; i++) {
                MethodHandle accessor = lookup.unreflect(components[i].getAccessor())
                        .asType(MethodType.methodType(Object.class, Object.class));
                made[i] = new Part(components[i].getName(), accessor, codecs.get(i));
            }
            parts = List.of(made);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("a record that travels has to be public: " + type.getName(), e);
        }
        least = codecs.stream().mapToInt(ValueCodec::leastBytes).sum();
    }

    @Override
    public void write(Output output, Object value) {
        for (Part part : parts) {
            Object component = Containers.present(get(part, value), type.getSimpleName() + "." + part.name());
            part.codec().write(output, component);
        }
    }

    @Override
    public Object read(Input input) {
        Object[] components = new Object[parts.size()];
        for (int i = 0; i < components.length; i++) {
            components[i] = parts.get(i).codec().read(input);
        }
        return make(components);
    }

    @Override
    public int leastBytes() {
        return least;
    }

    @Override
    public void write(Kryo kryo, Output output, Object value) {
        write(output, value);
    }

    @Override
    public Object read(Kryo kryo, Input input, Class<?> asked) {
        return read(input);
    }

    private static Object get(Part part, Object value) {
        try {
            return part.accessor().invokeExact(value);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("an accessor of a record throws nothing checked", e);
        }
    }

    private Object make(Object[] components) {
        try {
            return constructor.invokeExact(components);
        } catch (ProtocolException | KryoException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new ProtocolException(type.getSimpleName() + " refuses its components: " + e);
        }
    }
}
