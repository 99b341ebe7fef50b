package io.murmuration.faults.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PredicateTest {

    /** A state with a value for everything. */
    private record State(Map<Variable, Double> numbers, String phase, String leader) implements RunView {
        @Override
        public double number(Variable variable) {
            return numbers.getOrDefault(variable, Double.NaN);
        }

        @Override
        public String word(Variable variable) {
            return variable == Variable.PHASE ? phase : leader;
        }
    }

    private static final State STATE = new State(
            Map.of(Variable.STEP, 7.0, Variable.ROUND, 8.0, Variable.MEMBERS, 12.0, Variable.VERSION, 7.0),
            "averaging",
            "hub-1");

    private static boolean holds(String text) {
        return Predicate.parse(text).holds(STATE);
    }

    @Test
    void the_condition_of_the_design_holds_when_both_parts_do() {
        assertThat(holds("phase == averaging && round == 8")).isTrue();
        assertThat(holds("phase == averaging && round == 7")).isFalse();
        assertThat(holds("phase==closing||round>=8")).isTrue();
    }

    @Test
    void and_binds_closer_than_or_and_a_negation_closest() {
        assertThat(holds("step == 7 || step == 1 && step == 2")).isTrue();
        assertThat(holds("(step == 7 || step == 1) && step == 2")).isFalse();
        assertThat(holds("!(step == 1) && step == 7")).isTrue();
        assertThat(holds("!!(step == 7)")).isTrue();
        assertThat(holds("!step == 1 && step == 2")).isFalse();
    }

    @Test
    void names_may_stand_on_either_side_and_be_compared_with_each_other() {
        assertThat(holds("7 <= step")).isTrue();
        assertThat(holds("step == version && version < round")).isTrue();
        assertThat(holds("leader == 'hub-1' && \"hub-1\" == leader && leader == hub-1"))
                .isTrue();
        assertThat(holds("leader != none")).isTrue();
    }

    @Test
    void a_phase_may_have_the_name_of_a_number() {
        assertThat(holds("phase == joining")).isFalse();
        assertThat(holds("joining != phase && phase != joining")).isTrue();
        assertThat(Predicate.parse("phase == joining && joining == 0")
                        .holds(new State(Map.of(Variable.JOINING, 0.0), "joining", "none")))
                .isTrue();
    }

    @Test
    void without_a_value_nothing_is_true_of_it() {
        assertThat(holds("transfer >= 0.8")).isFalse();
        assertThat(holds("transfer < 0.8")).isFalse();
        assertThat(holds("transfer != 0.8")).isFalse();
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', textBlock = """
                    step 3              ; 6  ; ==
                    step == 3 &&        ; 13 ; a comparison such as
                    stp == 3            ; 1  ; nearest to 'stp' is step
                    3 == stp            ; 6  ; nearest to 'stp' is step
                    (step == 3          ; 11 ; expected ) for the ( of column 1
                    step == 3)          ; 10 ; expected && or ||
                    step == closing     ; 9  ; a number
                    phase == 3          ; 10 ; a word
                    phase < closing     ; 7  ; == or !=
                    phase == clsing     ; 10 ; nearest is closing
                    step == 3 & step==4 ; 11 ; found '&'
                    step = 3            ; 6  ; found '='
                    step == 3x          ; 9  ; found '3'
                    3 == 4              ; 6  ; a name on one side
                    step == == 3        ; 9  ; found '=='
                    """)
    void a_mistake_is_named_with_its_column(String text, int column, String says) {
        assertThatThrownBy(() -> Predicate.parse(text))
                .isInstanceOfSatisfying(PredicateException.class, wrong -> assertThat(wrong.column())
                        .isEqualTo(column))
                .hasMessageContaining(says)
                .hasMessageStartingWith("column " + column);
    }

    @Test
    void depth_and_length_are_bounded() {
        assertThatThrownBy(() -> Predicate.parse("(".repeat(1000) + "step == 1" + ")".repeat(1000)))
                .isInstanceOf(PredicateException.class)
                .hasMessageContaining("within each other");
        assertThatThrownBy(() -> Predicate.parse("step == 1 ||".repeat(1000) + " step == 1"))
                .isInstanceOf(PredicateException.class)
                .hasMessageContaining("characters");
    }

    /** A condition as text with all its parentheses, and what it must come to, worked out while it was made. */
    record Made(String text, boolean value) {}

    @Provide
    Arbitrary<Made> conditions() {
        return Arbitraries.lazyOf(this::comparisons, this::comparisons, this::negations, this::pairs);
    }

    private Arbitrary<Made> comparisons() {
        Arbitrary<Made> numbers = Combinators.combine(
                        Arbitraries.of(Comparison.values()),
                        Arbitraries.integers().between(5, 14),
                        Arbitraries.of(Variable.STEP, Variable.ROUND, Variable.MEMBERS))
                .as((comparison, value, variable) -> {
                    int sign = Double.compare(STATE.number(variable), value);
                    boolean holds =
                            switch (comparison) {
                                case LESS -> sign < 0;
                                case AT_MOST -> sign <= 0;
                                case EQUAL -> sign == 0;
                                case DIFFERENT -> sign != 0;
                                case AT_LEAST -> sign >= 0;
                                case GREATER -> sign > 0;
                            };
                    return new Made(Words.of(variable) + " " + comparison.sign() + " " + value, holds);
                });
        Arbitrary<Made> phases = Combinators.combine(Arbitraries.of(Variable.PHASES), Arbitraries.of(true, false))
                .as((phase, equal) ->
                        new Made("phase" + (equal ? "==" : "!=") + phase, phase.equals(STATE.phase()) == equal));
        return Arbitraries.oneOf(numbers, phases);
    }

    private Arbitrary<Made> negations() {
        return conditions().map(inner -> new Made("!(" + inner.text + ")", !inner.value));
    }

    private Arbitrary<Made> pairs() {
        return Combinators.combine(conditions(), conditions(), Arbitraries.of(true, false))
                .as((left, right, and) -> new Made(
                        "(" + left.text + ") " + (and ? "&&" : "||") + " (" + right.text + ")",
                        and ? left.value && right.value : left.value || right.value));
    }

    @Property(tries = 500)
    void every_condition_comes_to_what_it_says(@ForAll("conditions") Made made) {
        if (made.text.length() <= 4096) {
            assertThat(holds(made.text)).as(made.text).isEqualTo(made.value);
        }
    }

    @Property(tries = 1000)
    void no_text_does_more_than_be_refused_with_a_column_inside_it(@ForAll("texts") String text) {
        Throwable thrown = catchThrowable(() -> Predicate.parse(text).holds(STATE));
        if (thrown != null) {
            assertThat(thrown).isInstanceOfSatisfying(PredicateException.class, wrong -> assertThat(wrong.column())
                    .isBetween(1, text.length() + 1));
        }
    }

    @Provide
    Arbitrary<String> texts() {
        List<String> pieces = List.of(
                "step",
                "phase",
                "averaging",
                "==",
                "=",
                "&&",
                "||",
                "!",
                "(",
                ")",
                " ",
                "7",
                "0.5",
                "'",
                "\"",
                "-",
                "<",
                "x",
                "\t",
                "ä");
        return Arbitraries.of(pieces).list().ofMaxSize(12).map(parts -> String.join("", parts));
    }
}
