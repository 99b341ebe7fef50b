package io.murmuration.tensors.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.tensors.compute.Floats;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsTest {

    @TempDir
    Path folder;

    @Test
    void what_is_written_is_read_and_the_file_is_laid_out_as_the_format_says() throws IOException {
        Path file = folder.resolve("a.safetensors");
        try (Arena arena = Arena.ofConfined()) {
            Floats matrix = Floats.allocate(arena, 20_000);
            matrix.set(19_999, -3.25f);
            Floats gain = Floats.of(arena, 1, 2, 3);
            SafetensorsWriter.write(
                    file,
                    List.of(
                            new SafetensorsWriter.Entry("matrix", List.of(100, 200), matrix),
                            new SafetensorsWriter.Entry("gain", List.of(3), gain)));
            ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
            long header = bytes.getLong(0);
            assertThat(header % 8).isZero();
            assertThat(bytes.limit()).isEqualTo(8 + header + 4 * 20_003);
            assertThat(bytes.getFloat((int) (8 + header + 4 * 20_000))).isEqualTo(1f);
            try (SafetensorsFile in = SafetensorsFile.open(file)) {
                assertThat(in.tensors().keySet()).containsExactly("matrix", "gain");
                assertThat(in.tensor("matrix").shape()).containsExactly(100L, 200L);
                Floats back = Floats.allocate(arena, 20_000);
                in.read("matrix", back);
                assertThat(back.segment().mismatch(matrix.segment())).isEqualTo(-1);
            }
        }
    }

    @Test
    void sixteen_bit_numbers_are_widened_and_integers_read_as_they_are() throws IOException {
        Path file = raw("""
                {"half":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},
                 "brain":{"dtype":"BF16","shape":[2],"data_offsets":[4,8]},
                 "ids":{"dtype":"I64","shape":[1],"data_offsets":[8,16]},
                 "bytes":{"dtype":"U8","shape":[2,1],"data_offsets":[16,18]}}""", 0x00, 0x3c, 0x00, 0xc0, 0x80, 0x3f, 0x49, 0xc0, 7, 0, 0, 0, 0, 0, 0, 0, 200, 1);
        try (Arena arena = Arena.ofConfined();
                SafetensorsFile in = SafetensorsFile.open(file)) {
            Floats two = Floats.allocate(arena, 2);
            in.read("half", two);
            assertThat(two.toArray()).containsExactly(1, -2);
            in.read("brain", two);
            assertThat(two.toArray()).containsExactly(1, -3.140625f);
            assertThat(in.readLongs("ids")).containsExactly(7);
            assertThat(in.readBytes("bytes")).containsExactly(200, 1);
            assertThatThrownBy(() -> in.read("bytes", two))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessage(file + ": bytes: expected floating point numbers, got U8");
            assertThatThrownBy(() -> in.read("none", two))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessage(file + ": expected a tensor none, there is none");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "no json",
                "[]",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}",
                "{\"x\":{\"dtype\":\"F99\",\"shape\":[2],\"data_offsets\":[0,8]}}",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,8]}}",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,800]}}",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[2]}}",
                "{\"x\":7}",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                        + "\"y\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}",
                "{\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                        + "\"x\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}"
            })
    void a_header_that_does_not_fit_the_file_is_refused_by_name(String header) throws IOException {
        Path file = raw(header, 0, 0, 0, 0, 0, 0, 0, 0);
        assertThatThrownBy(() -> SafetensorsFile.open(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(file + ": ");
    }

    @Test
    void a_header_length_beyond_the_file_is_refused_before_it_is_allocated() throws IOException {
        for (long length : new long[] {-1, 0, 1, 100, 1L << 40, Long.MAX_VALUE, Long.MIN_VALUE}) {
            Path file = folder.resolve("length");
            Files.write(
                    file,
                    ByteBuffer.allocate(40)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(length)
                            .array());
            assertThatThrownBy(() -> SafetensorsFile.open(file))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessage(file + ": expected a header of at most 32 bytes, got " + length);
        }
        Path tiny = Files.write(folder.resolve("tiny"), new byte[7]);
        assertThatThrownBy(() -> SafetensorsFile.open(tiny)).isInstanceOf(CheckpointException.class);
    }

    @Test
    void random_damage_to_the_header_never_does_anything_but_be_refused_or_read() throws IOException {
        Path file = folder.resolve("damaged");
        byte[] good;
        try (Arena arena = Arena.ofConfined()) {
            Path path = folder.resolve("good");
            SafetensorsWriter.write(
                    path, List.of(new SafetensorsWriter.Entry("x", List.of(2, 3), Floats.allocate(arena, 6))));
            good = Files.readAllBytes(path);
        }
        Random random = new Random(42);
        int refused = 0;
        for (int i = 0; i < 600; i++) {
            byte[] bytes = good.clone();
            bytes[random.nextInt(bytes.length - 24)] = (byte) random.nextInt(256);
            Files.write(file, bytes);
            try (SafetensorsFile in = SafetensorsFile.open(file)) {
                assertThat(in.tensors()).hasSizeBetween(0, 2);
            } catch (CheckpointException e) {
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(300);
    }

    private Path raw(String header, int... data) throws IOException {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + json.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(json.length).put(json);
        for (int b : data) {
            bytes.put((byte) b);
        }
        return Files.write(folder.resolve("raw.safetensors"), bytes.array());
    }
}
