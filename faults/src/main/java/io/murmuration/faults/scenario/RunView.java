package io.murmuration.faults.scenario;

/** The run's state as a predicate sees it, true at the moment of asking: the leader's own view where there is one. */
public interface RunView {

    /** Value of a variable of type NUMBER; NaN where there is none now (no leader, no transfer): no comparison holds. */
    double number(Variable variable);

    /** Value of a variable of type WORD; {@code none} where there is none now. */
    String word(Variable variable);
}
