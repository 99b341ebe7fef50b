package io.murmuration.faults.scenario;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** What a predicate can ask for. */
public enum Variable {
    PHASE(Type.WORD, "where the run is"),
    STEP(Type.NUMBER, "the open step, the first is 0"),
    ROUND(Type.NUMBER, "averaging rounds begun since the start of the run, the present one included"),
    VERSION(Type.NUMBER, "newest committed version of the parameters"),
    MEMBERS(Type.NUMBER, "members in the roster"),
    SHARDS(Type.NUMBER, "shards in the roster"),
    TRAINERS(Type.NUMBER, "trainers in the roster"),
    LEADER(Type.WORD, "node of the coordinator that leads, or none"),
    JOINING(Type.NUMBER, "shards that wait for or receive a snapshot"),
    TRANSFER(Type.NUMBER, "part of a snapshot that has arrived, 0 to 1, of the transfer furthest on"),
    EPOCH(Type.NUMBER, "number of the roster within its term"),
    TERM(Type.NUMBER, "term of the coordinator");

    /** What a value is. */
    public enum Type {
        NUMBER,
        WORD
    }

    /** The words that {@link #PHASE} can be. */
    public static final List<String> PHASES = List.of(
            "none",
            "gathering",
            "recovering",
            "joining",
            "evaluating",
            "keeping",
            "training",
            "closing",
            "averaging",
            "committing",
            "over");

    private final Type type;
    private final String meaning;

    Variable(Type type, String meaning) {
        this.type = type;
        this.meaning = meaning;
    }

    public Type type() {
        return type;
    }

    /** For people. */
    public String meaning() {
        return meaning;
    }

    static List<String> names() {
        return Arrays.stream(values()).map(Words::of).toList();
    }

    static Optional<Variable> named(String name) {
        return Words.find(Variable.class, name);
    }
}
