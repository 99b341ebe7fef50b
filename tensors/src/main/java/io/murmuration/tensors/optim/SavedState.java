package io.murmuration.tensors.optim;

import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/**
 * A copy of the vectors of a state, to return to: an outer step belongs to a round, and a round may be abandoned after it
 * was computed. Memory: as much as the state itself, as long as the arena lives.
 */
public final class SavedState {

    private final Supplier<Map<String, Floats>> state;
    private final Map<String, Floats> saved;

    private SavedState(Supplier<Map<String, Floats>> state, Map<String, Floats> saved) {
        this.state = state;
        this.saved = saved;
    }

    /**
     * @param state gives the live vectors by name, as every optimiser does; asked now and at every {@link #restore},
     *     since a commit may let another vector become the live one
     */
    public static SavedState of(Arena arena, Supplier<Map<String, Floats>> state) {
        Map<String, Floats> saved = new LinkedHashMap<>();
        state.get().forEach((name, live) -> {
            Floats copy = Floats.allocate(arena, live.length());
            copy.copyFrom(live);
            saved.put(name, copy);
        });
        return new SavedState(state, saved);
    }

    /**
     * Writes the copies into the vectors that are live now. May be done again. What a compressor has prepared is to be
     * committed or rolled back first.
     */
    public void restore() {
        Map<String, Floats> live = state.get();
        if (!live.keySet().equals(saved.keySet())) {
            throw new IllegalStateException("expected a state of " + saved.keySet() + ", got " + live.keySet());
        }
        saved.forEach((name, copy) -> live.get(name).copyFrom(copy));
    }
}
