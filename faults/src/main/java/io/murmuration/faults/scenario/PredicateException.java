package io.murmuration.faults.scenario;

/** A condition that cannot be read; the message begins with the column. */
public final class PredicateException extends RuntimeException {

    private static final long serialVersionUID = 1;

    private final int column;

    PredicateException(int column, String message) {
        super("column " + column + ": " + message);
        this.column = column;
    }

    /** Where, counted from 1. */
    public int column() {
        return column;
    }
}
