package io.murmuration.tensors.optim;

import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A copy of the vectors of a state, to return to: an outer step belongs to a round, and a round may be abandoned after it
 * was computed. Memory: as much as the state itself, as long as the arena lives.
 */
public final class SavedState {

    private final Map<Floats, Floats> copies = new LinkedHashMap<>();

    private SavedState() {}

    /** @param state live vectors by name, as every optimiser gives them */
    public static SavedState of(Arena arena, Map<String, Floats> state) {
        SavedState saved = new SavedState();
        for (Floats live : state.values()) {
            Floats copy = Floats.allocate(arena, live.length());
            copy.copyFrom(live);
            saved.copies.put(live, copy);
        }
        return saved;
    }

    /** Writes the copies back into the vectors they were taken from. May be done again. */
    public void restore() {
        copies.forEach(Floats::copyFrom);
    }
}
