package io.murmuration.tensors.compute;

import java.util.List;

/** The backends by the names used in configuration. */
public final class Backends {

    private static final List<String> NAMES = List.of("nd4j", "java");

    private Backends() {}

    public static List<String> names() {
        return NAMES;
    }

    /**
     * @param name {@code nd4j} (native BLAS and vector instructions) or {@code java} (slow, equal bits on every machine)
     * @throws IllegalArgumentException if there is no such backend
     * @throws BackendUnavailableException if this machine has not what this build needs
     * @throws IllegalStateException if the native libraries of {@code nd4j} cannot be used on this machine
     */
    public static Backend byName(String name) {
        return switch (name) {
            case "nd4j" -> Nd4jBackend.instance();
            case "java" -> new JavaBackend();
            default ->
                throw new IllegalArgumentException(
                        "no backend '" + name + "', choose one of " + String.join(", ", NAMES));
        };
    }
}
