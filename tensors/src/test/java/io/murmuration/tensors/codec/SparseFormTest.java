package io.murmuration.tensors.codec;

import static io.murmuration.tensors.codec.SparseCodecTest.decode;
import static io.murmuration.tensors.codec.SparseCodecTest.encode;
import static io.murmuration.tensors.codec.SparseCodecTest.gaussian;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** The bytes of the codecs that drop most numbers, what they refuse, and the scratch of the DCT. */
class SparseFormTest {

    @Example
    void a_header_whose_chunks_do_not_fit_its_shape_is_refused() {
        DctTopK codec = new DctTopK(6, 4, 3, 2, false);
        try (Arena arena = Arena.ofConfined()) {
            byte[] bytes = EncodedTensor.encode(codec, new int[] {8, 6}, Floats.allocate(arena, 48));
            bytes[10] = 9; // nine rows are no whole rows of chunks
            assertThatThrownBy(() -> EncodedTensor.peek(ByteBuffer.wrap(bytes), new EncodedTensor.Limits(1000)))
                    .isInstanceOf(CodecException.class)
                    .hasMessage("dct: expected whole rows of chunks of 24 numbers, got 54");
        }
    }

    @Example
    void the_sign_form_sends_the_same_slots_in_a_sixth_of_the_bytes() {
        float[] numbers = gaussian(64 * 64, 5);
        DctTopK full = DctTopK.of(List.of(64, 64), 64, 32, false);
        DctTopK signs = full.withSigns(true);
        byte[] values = encode(full, numbers, Workers.SERIAL);
        byte[] bits = encode(signs, numbers, Workers.SERIAL);
        assertThat(values).hasSize(48 + 128);
        assertThat(bits).hasSize(48 + 4);
        assertThat(Arrays.copyOf(bits, 48)).isEqualTo(Arrays.copyOf(values, 48));
        for (int i = 0; i < 32; i++) {
            assertThat(bits[48 + i / 8] >> i % 8 & 1).isEqualTo(values[48 + 4 * i + 3] >> 7 & 1);
        }
    }

    @Example
    void an_all_zero_chunk_sends_its_lowest_slots() {
        byte[] bytes = encode(Codecs.topK(8, 3), new float[11], Workers.SERIAL);
        // 0, 1, 2 in three bits each, three zeros; the same in two bits
        assertThat(bytes).isEqualTo(new byte[] {
            (byte) 0b10_001_000,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0, //
            0b10_01_00,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0
        });
    }

    /** What fills up: slots and signs of chunks, and of an odd count of 12-bit indices the second of the last pair. */
    @Property(tries = 300)
    void bits_that_only_fill_up_are_zero(@ForAll @IntRange(min = 1, max = 31) int k, @ForAll int which) {
        DctTopK dct = new DctTopK(64, 1, 64, k, true);
        int indexBits = 6 * k % 8;
        if (indexBits != 0) {
            assertPaddingRefused(dct, 64, (6 * k + 7) / 8 - 1, indexBits, which);
            assertPaddingRefused(dct.withSigns(false), 64, (6 * k + 7) / 8 - 1, indexBits, which);
            assertPaddingRefused(Codecs.topK(64, k), 64, (6 * k + 7) / 8 - 1, indexBits, which);
        }
        if (k % 8 != 0) {
            assertPaddingRefused(dct, 64, (6 * k + 7) / 8 + (k + 7) / 8 - 1, k % 8, which);
        }
        Codec sparse = Codecs.sparse2Bit(64, k);
        int indices = 20 + (k + 1) / 2 * 3;
        if (k % 2 != 0) {
            assertPaddingRefused(sparse, 64, indices - 2, 4, which);
            assertPaddingRefused(sparse, 64, indices - 1, 0, which);
        }
        if (2 * k % 8 != 0) {
            assertPaddingRefused(sparse, 64, indices + (2 * k + 7) / 8 - 1, 2 * k % 8, which);
        }
    }

    /** Sets one bit of a byte whose bits from {@code free} on only fill up. */
    private static void assertPaddingRefused(Codec codec, int length, int at, int free, int which) {
        byte[] bytes = encode(codec, gaussian(length, which), Workers.SERIAL);
        decode(codec, bytes, length, Workers.SERIAL);
        bytes[at] |= (byte) (1 << free + Math.floorMod(which, 8 - free));
        assertThatThrownBy(() -> decode(codec, bytes, length, Workers.SERIAL))
                .isInstanceOf(CodecException.class)
                .hasMessageContaining(codec.name() + ": expected zeros behind the last packed number");
    }

    @Example
    void the_dct_works_with_the_same_scratch_call_after_call() {
        DctTopK codec = new DctTopK(64, 32, 64, 31, false); // no other test has chunks of this kind
        DctTopK signs = codec.withSigns(true);
        try (Arena arena = Arena.ofConfined()) {
            Floats numbers = Floats.of(arena, gaussian(4096, 1));
            ByteBuffer bytes = ByteBuffer.allocate((int) codec.encodedSize(4096));
            codec.encode(numbers, bytes);
            DctScratch first = DctScratch.take(32, 64, 31);
            first.giveBack();
            ByteBuffer fewer = ByteBuffer.allocate((int) signs.encodedSize(4096));
            for (Runnable call : List.<Runnable>of(
                    () -> codec.encode(numbers, bytes.clear()),
                    () -> codec.decode(bytes.clear(), numbers),
                    () -> codec.decodeMean(List.of(bytes.clear(), bytes.duplicate()), numbers, Workers.SERIAL),
                    () -> signs.signsOf(bytes.clear(), 4096, fewer.clear()))) {
                call.run();
                // What had been made anew would lie on top, and what had not been handed back would be made anew here.
                DctScratch again = DctScratch.take(32, 64, 31);
                assertThat(again).isSameAs(first);
                again.giveBack();
            }
        }
    }

    @Example
    void what_lies_idle_is_bounded() {
        for (int k = 1; k <= 2 * DctScratch.MOST_IDLE; k++) {
            DctScratch.take(8, 8, k).giveBack();
            assertThat(DctScratch.idle()).isLessThanOrEqualTo(DctScratch.MOST_IDLE);
        }
    }

    @Example
    void parameters_outside_their_ranges_are_refused() {
        assertThatThrownBy(() -> Codecs.topK(0)).hasMessageContaining("a share of 1 to 1000000");
        assertThatThrownBy(() -> Codecs.byWire(TopK.WIRE_ID, new int[] {64, 3, 1}))
                .isInstanceOf(CodecException.class)
                .hasMessage("topk: expected a count or a share, got 3 and 1");
        assertThatThrownBy(() -> Codecs.topK(65_537, 1)).hasMessageContaining("chunks of 1 to 65536");
        assertThatThrownBy(() -> Codecs.sparse2Bit(4097, 1)).hasMessageContaining("a chunk of 1 to 4096");
        assertThatThrownBy(() -> new DctTopK(10, 4, 4, 1, false)).hasMessageContaining("cut rows of 10 evenly");
        assertThatThrownBy(() -> new DctTopK(8, 4, 4, 17, false)).hasMessageContaining("1 to 16 coefficients");
    }
}
