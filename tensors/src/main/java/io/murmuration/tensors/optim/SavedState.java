package io.murmuration.tensors.optim;

import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A copy of the vectors of a state, to return to: an outer step belongs to a round, and a round may be abandoned after it
 * was computed. Memory: as much as the state itself, as long as the arena lives.
 */
public final class SavedState {

    private record Copy(Floats live, Floats saved) {}

    private final List<Copy> copies;

    private SavedState(List<Copy> copies) {
        this.copies = List.copyOf(copies);
    }

    /** @param state live vectors by name, as every optimiser gives them */
    public static SavedState of(Arena arena, Map<String, Floats> state) {
        List<Copy> copies = new ArrayList<>();
        for (Floats live : state.values()) {
            Floats saved = Floats.allocate(arena, live.length());
            saved.copyFrom(live);
            copies.add(new Copy(live, saved));
        }
        return new SavedState(copies);
    }

    /** Writes the copies back into the vectors they were taken from. May be done again. */
    public void restore() {
        copies.forEach(copy -> copy.live.copyFrom(copy.saved));
    }
}
