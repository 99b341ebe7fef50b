package io.murmuration.tensors.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.tensors.checkpoint.SafetensorsFile;
import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;

/** One case: its parameters, its tensors by name, and comparison under the rule of its group. */
final class GoldenCase {

    private record Place(Path file, JsonNode entry) {}

    private final GoldenGroup group;
    private final JsonNode json;
    private final Map<String, Place> tensors = new LinkedHashMap<>();
    private final Set<String> unchecked = new TreeSet<>();

    GoldenCase(GoldenGroup group, JsonNode json) {
        this.group = group;
        this.json = json;
        for (Map.Entry<String, JsonNode> file : json.path("files").properties()) {
            for (Map.Entry<String, JsonNode> tensor : file.getValue().properties()) {
                tensors.put(tensor.getKey(), new Place(group.folder().resolve(file.getKey()), tensor.getValue()));
            }
        }
        unchecked.addAll(expected());
    }

    GoldenGroup group() {
        return group;
    }

    String name() {
        return json.path("name").asText();
    }

    /** The case as it stands in the manifest. */
    JsonNode json() {
        return json;
    }

    JsonNode params() {
        return json.path("params");
    }

    /** Names of all tensors in the order of the manifest. */
    List<String> tensors() {
        return List.copyOf(tensors.keySet());
    }

    /** Names of the tensors to compare with, in the order of the manifest. */
    List<String> expected() {
        return tensors.keySet().stream()
                .filter(name -> role(name).equals("expected"))
                .toList();
    }

    boolean has(String tensor) {
        return tensors.containsKey(tensor);
    }

    int[] shape(String tensor) {
        int[] shape = new int[entry(tensor).path("shape").size()];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = entry(tensor).path("shape").path(i).intValue();
        }
        return shape;
    }

    float[] floats(String tensor) {
        return read(tensor, file -> {
            try (Arena arena = Arena.ofConfined()) {
                Floats values = Floats.allocate(arena, file.tensor(tensor).length());
                file.read(tensor, values);
                return values.toArray();
            }
        });
    }

    /** Token ids. */
    int[] ids(String tensor) {
        return read(tensor, file -> {
            long[] longs = file.readLongs(tensor);
            int[] ids = new int[longs.length];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = Math.toIntExact(longs[i]);
            }
            return ids;
        });
    }

    byte[] bytes(String tensor) {
        return read(tensor, file -> file.readBytes(tensor));
    }

    /** Compares floating point numbers with an expected tensor under its tolerance. */
    void assertClose(String tensor, float... got) {
        assertClose(tensor, floats(tensor), got);
    }

    /** The same where what is wanted differs from the tensor in a way that the check justifies. */
    void assertClose(String tensor, float[] want, float[] got) {
        unchecked.remove(tensor);
        assertThat(got).as("%s: numbers", tensor).hasSize(want.length);
        JsonNode tolerance = entry(tensor).path("tol");
        // Exact means no room at all; +0 and -0 are equal, as an integer code has only one zero.
        boolean exact = tolerance.asText().equals("exact");
        if (!exact && !(tolerance.has("atol") && tolerance.has("rtol"))) {
            fail("%s: no rule for the tolerance %s", tensor, tolerance);
        }
        double atol = tolerance.path("atol").asDouble(0);
        double rtol = tolerance.path("rtol").asDouble(0);
        double largest = 0;
        for (float value : want) {
            largest = Math.max(largest, Math.abs(value));
        }
        for (int i = 0; i < want.length; i++) {
            double allowed = atol + rtol * (group.elementwise() ? Math.abs(want[i]) : largest);
            double difference = Math.abs((double) got[i] - want[i]);
            if (!(difference <= allowed)) {
                fail(
                        "%s: at %d expected %s within %s, got %s (off by %s)",
                        tensor, i, want[i], allowed, got[i], difference);
            }
        }
    }

    /** Compares bytes with an expected tensor, which must be exact. */
    void assertBytes(String tensor, byte[] got) {
        assertBytes(tensor, bytes(tensor), got);
    }

    /** The same where what is wanted differs from the tensor in a way that the check justifies. */
    void assertBytes(String tensor, byte[] want, byte[] got) {
        unchecked.remove(tensor);
        assertThat(entry(tensor).path("tol").asText())
                .as("%s: tolerance", tensor)
                .isEqualTo("exact");
        assertThat(got).as("%s: bytes", tensor).hasSize(want.length);
        int at = Arrays.mismatch(got, want);
        if (at >= 0) {
            fail("%s: at byte %d expected %d, got %d", tensor, at, want[at], got[at]);
        }
    }

    /** Compares whole numbers with an expected tensor, which must be exact. */
    void assertIds(String tensor, int... got) {
        unchecked.remove(tensor);
        assertThat(entry(tensor).path("tol").asText())
                .as("%s: tolerance", tensor)
                .isEqualTo("exact");
        assertThat(got).as(tensor).isEqualTo(ids(tensor));
    }

    /** Compares IEEE halves, given as their bits, with an expected tensor whose tolerance is in units of the last place. */
    void assertHalves(String tensor, int[] got) {
        unchecked.remove(tensor);
        int[] want = ids(tensor);
        JsonNode tolerance = entry(tensor).path("tol");
        int ulp = tolerance.asText().equals("exact") ? 0 : tolerance.path("ulp").asInt(-1);
        assertThat(ulp).as("%s: tolerance %s", tensor, tolerance).isNotNegative();
        assertThat(got).as("%s: halves", tensor).hasSize(want.length);
        for (int i = 0; i < want.length; i++) {
            if (Math.abs(inOrder(got[i]) - inOrder(want[i])) > ulp) {
                fail("%s: at %d expected half 0x%04x within %d ulp, got 0x%04x", tensor, i, want[i], ulp, got[i]);
            }
        }
    }

    /** A half's bits as a number in the order of the halves; both zeros are 0. */
    private static int inOrder(int half) {
        int magnitude = half & 0x7fff;
        return half > 0x7fff ? -magnitude : magnitude;
    }

    /** Expected tensors that nothing was compared with yet. */
    Set<String> unchecked() {
        return unchecked;
    }

    private String role(String tensor) {
        return entry(tensor).path("role").asText();
    }

    private JsonNode entry(String tensor) {
        Place place = tensors.get(tensor);
        if (place == null) {
            throw new AssertionError(group.folder() + ": " + name() + " has no tensor " + tensor);
        }
        return place.entry;
    }

    private <T> T read(String tensor, Function<SafetensorsFile, T> how) {
        entry(tensor);
        try (SafetensorsFile file = SafetensorsFile.open(tensors.get(tensor).file)) {
            return how.apply(file);
        }
    }
}
