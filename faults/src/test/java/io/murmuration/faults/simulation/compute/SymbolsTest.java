package io.murmuration.faults.simulation.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.tensors.codec.Codecs;
import io.murmuration.tensors.model.ModelSpec;
import io.murmuration.tensors.model.ParameterLayout;
import io.murmuration.tensors.model.StagePlan;
import io.murmuration.tensors.reduce.Digest;
import java.util.List;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

/** What stands for numbers behaves as they would, as far as counting and agreeing go. */
final class SymbolsTest {

    private static final StagePlan PLAN = StagePlan.of(ModelSpec.TINY.layers(), 2);

    static final ModelledSetup SETUP = new ModelledSetup(
            ModelSpec.TINY,
            PLAN,
            2,
            1,
            Codecs.byName("int8"),
            Codecs.byName("fp32"),
            2,
            PLAN.slices().stream()
                    .map(slice -> ParameterLayout.of(ModelSpec.TINY, slice).length())
                    .toList());

    private static MicrobatchId id(int index) {
        return new MicrobatchId(Purpose.TRAIN, 0, index);
    }

    private static SymbolicReplica replica(int... counted) {
        SymbolicReplica replica = new SymbolicReplica(SETUP, new Compute.Open(0, 0, true));
        for (int index : counted) {
            Payload symbol = new Payload(SymbolicReplica.symbol(id(index)), SETUP.boundary() * Float.BYTES);
            replica.backward(new Compute.Backward(id(index), symbol.bytes(), Payload.EMPTY, symbol, true));
        }
        return replica;
    }

    /** Averages with one part and returns the digest after the update. */
    private static String step(SymbolicReplica first, SymbolicReplica second) {
        long length = first.gradientLength();
        Payload contribution = second.contribution(new Compute.Contribution(0, 0, length));
        Payload average = first.reduce(new Compute.Reduce(0, 0, length, List.of(contribution), 0, 4));
        second.accept(new Compute.Accept(0, length, average));
        assertThat(second.seal()).isEqualTo(first.seal());
        String digest = first.apply(new Compute.Apply(0, 1));
        assertThat(second.apply(new Compute.Apply(0, 1))).isEqualTo(digest);
        return digest;
    }

    @Test
    void replicasThatAverageTheSameAgreeWhoeverCountedWhat() {
        assertThat(step(replica(0, 1, 2), replica(3))).isEqualTo(step(replica(2, 1), replica(0, 3)));
    }

    @Test
    void aMicrobatchCountedTwiceOrNotAtAllChangesTheResult() {
        String right = step(replica(0, 1), replica(2, 3));
        assertThat(step(replica(0, 1), replica(1, 2, 3))).isNotEqualTo(right);
        assertThat(step(replica(0, 1), replica(3))).isNotEqualTo(right);
    }

    @Test
    void whatBelongsToAnotherMicrobatchIsRefused() {
        byte[] other = SymbolicReplica.symbol(id(1));
        assertThatThrownBy(() -> replica().forward(new Compute.Forward(id(0), other, Payload.EMPTY)))
                .hasMessageContaining("expected the tokens of microbatch 0/0");
    }

    @Test
    void aSnapshotIsItsDonorsStateOnceAllItsChunksAreThere() {
        SymbolicReplica donor = replica(0, 1);
        String state = step(donor, replica(2, 3));
        int chunks = donor.pin(1 << 20).chunks();
        assertThat(chunks).isGreaterThan(2);
        SymbolicReplica joiner = new SymbolicReplica(SETUP, new Compute.Open(0, 1, false));
        for (int chunk = 0; chunk < chunks; chunk++) {
            assertThat(joiner.digest()).isNotEqualTo(state);
            joiner.writeChunk(new Compute.WriteChunk(chunk, chunks, donor.readChunk(chunk)));
        }
        assertThat(joiner.digest()).isEqualTo(state);
        SymbolicReplica other = replica(0);
        other.pin(1 << 20);
        joiner.writeChunk(new Compute.WriteChunk(1, chunks, other.readChunk(1)));
        assertThat(joiner.digest()).isNotEqualTo(state);
    }

    @Property
    void aSetIsDecodedAsItWasEncoded(@ForAll @Size(max = 40) List<@IntRange(max = 30) Integer> indices) {
        CountedSet set = new CountedSet();
        var expected = new TreeMap<MicrobatchId, Integer>();
        for (int index : indices) {
            set.count(id(index));
            expected.merge(id(index), 1, Integer::sum);
        }
        assertThat(CountedSet.decode(set.encode()).counts()).isEqualTo(expected);
    }

    /** The oracle is an array with a value per place. */
    @Property
    void anAverageIsWhatWasWrittenLastInEveryPlaceHoweverItWasCut(
            @ForAll @Size(max = 12) List<@IntRange(max = 15) Integer> offsets,
            @ForAll @Size(value = 12) List<@IntRange(min = 1, max = 8) Integer> lengths) {
        AverageParts parts = new AverageParts();
        int[] places = new int[32];
        for (int i = 0; i < offsets.size(); i++) {
            int content = i % 3 + 1;
            parts.put(offsets.get(i), lengths.get(i), new byte[] {(byte) content});
            java.util.Arrays.fill(places, offsets.get(i), offsets.get(i) + lengths.get(i), content);
        }
        AverageParts onePlaceAtATime = new AverageParts();
        for (int place = 0; place < places.length; place++) {
            if (places[place] > 0) {
                onePlaceAtATime.put(place, 1, new byte[] {(byte) places[place]});
            }
        }
        assertThat(digest(parts)).isEqualTo(digest(onePlaceAtATime));
    }

    private static Digest digest(AverageParts parts) {
        var sha256 = Digest.sha256();
        parts.digest(sha256);
        return Digest.of(sha256);
    }
}
