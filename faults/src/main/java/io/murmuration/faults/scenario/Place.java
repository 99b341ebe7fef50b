package io.murmuration.faults.scenario;

/** Where in a scenario file something was written: {@code FILE:LINE}. */
public record Place(String text) {

    @Override
    public String toString() {
        return text;
    }
}
