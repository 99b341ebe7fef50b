package io.murmuration.faults.scenario;

/**
 * A condition on the run's state, such as {@code phase == averaging && round == 7}.
 *
 * @param text as it was written
 * @param root what it means
 */
public record Predicate(String text, Expression root) {

    /** A node of the tree. */
    public sealed interface Expression {
        boolean holds(RunView view);
    }

    record Or(Expression left, Expression right) implements Expression {
        @Override
        public boolean holds(RunView view) {
            return left.holds(view) || right.holds(view);
        }
    }

    record And(Expression left, Expression right) implements Expression {
        @Override
        public boolean holds(RunView view) {
            return left.holds(view) && right.holds(view);
        }
    }

    record Not(Expression inner) implements Expression {
        @Override
        public boolean holds(RunView view) {
            return !inner.holds(view);
        }
    }

    record Numbers(Operand left, Comparison comparison, Operand right) implements Expression {
        @Override
        public boolean holds(RunView view) {
            return comparison.holds(number(left, view), number(right, view));
        }

        private static double number(Operand operand, RunView view) {
            return operand instanceof Read(Variable variable) ? view.number(variable) : ((Number) operand).value();
        }
    }

    /** @param equal whether they must be equal, or must differ */
    record WordsAre(Operand left, boolean equal, Operand right) implements Expression {
        @Override
        public boolean holds(RunView view) {
            return word(left, view).equals(word(right, view)) == equal;
        }

        private static String word(Operand operand, RunView view) {
            return operand instanceof Read(Variable variable) ? view.word(variable) : ((Word) operand).value();
        }
    }

    /** One side of a comparison. */
    sealed interface Operand {
        Variable.Type type();
    }

    record Read(Variable variable) implements Operand {
        @Override
        public Variable.Type type() {
            return variable.type();
        }
    }

    record Number(double value) implements Operand {
        @Override
        public Variable.Type type() {
            return Variable.Type.NUMBER;
        }
    }

    record Word(String value) implements Operand {
        @Override
        public Variable.Type type() {
            return Variable.Type.WORD;
        }
    }

    /**
     * Reads a condition: comparisons ({@code == != < <= > >=}; of words only the first two) joined by {@code &&}, which
     * binds closer, and {@code ||}, with {@code !} and parentheses.
     *
     * @throws PredicateException saying what was expected at which column
     */
    public static Predicate parse(String text) {
        return new Predicate(text, new PredicateParser(text).parse());
    }

    /** Whether it holds now. */
    public boolean holds(RunView view) {
        return root.holds(view);
    }
}
