package io.murmuration.cluster.serialization;

import com.esotericsoftware.kryo.KryoException;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import io.murmuration.actors.protocol.ProtocolException;
import io.murmuration.actors.run.RunEvent;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a coordinator tells of its run, as bytes, for programs of this version that read them at once: numbers of classes may
 * change from one version to the next. Thread-safe.
 */
public final class RunEventCodec {

    private static final int FIRST = 900;
    private static final int USUAL_BYTES = 256;
    private static final int MAX_BYTES = 1 << 20;

    private final ValueCodec codec = new WireSchema(table()).oneOf(RunEvent.class);

    private static SortedMap<Integer, Class<?>> table() {
        SortedMap<Integer, Class<?>> table = new TreeMap<>(WireTypes.TABLE);
        int number = FIRST;
        for (Class<?> type : List.copyOf(WireSchema.leaves(RunEvent.class))) {
            table.put(number, type);
            number++;
        }
        return table;
    }

    /** @throws ProtocolException if it has more than a megabyte */
    public byte[] encode(RunEvent event) {
        try (Output output = new Output(USUAL_BYTES, MAX_BYTES)) {
            codec.write(output, event);
            return output.toBytes();
        } catch (KryoException e) {
            throw new ProtocolException(event.getClass().getSimpleName() + " is too long: " + e.getMessage());
        }
    }

    /** @throws ProtocolException if {@code bytes} are no event */
    public RunEvent decode(byte[] bytes) {
        try (Input input = new Input(bytes)) {
            return (RunEvent) codec.read(input);
        } catch (KryoException e) {
            throw new ProtocolException("an event of " + bytes.length + " bytes is cut short: " + e.getMessage());
        }
    }
}
