package io.murmuration.faults.scenario;

import io.murmuration.cluster.config.Nearest;
import io.murmuration.faults.scenario.Predicate.Expression;
import io.murmuration.faults.scenario.Predicate.Operand;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Recursive descent over one condition; a parser reads one text once. */
final class PredicateParser {

    /** Longer than what a person writes. */
    private static final int LONGEST = 4096;
    /** Parentheses and negations within each other; bounds the stack. */
    private static final int DEEPEST = 100;

    private static final Pattern TOKEN = Pattern.compile(
            "\\s*(?:(\\|\\||&&|==|!=|<=|>=|[<>!()])|([0-9]+(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![A-Za-z0-9_.])"
                    + "|([A-Za-z][A-Za-z0-9_-]*)|'([^']*)'|\"([^\"]*)\")");

    private enum Kind {
        SIGN,
        NUMBER,
        WORD,
        QUOTED,
        END
    }

    private record Token(Kind kind, String text, int column) {
        boolean is(String sign) {
            return kind == Kind.SIGN && text.equals(sign);
        }

        String shown() {
            return kind == Kind.END ? "the end" : "'" + text + "'";
        }
    }

    private final String text;
    private final Matcher matcher;
    private int position;
    private Token next;
    private int depth;

    PredicateParser(String text) {
        if (text.length() > LONGEST) {
            throw new PredicateException(
                    LONGEST + 1, "expected at most " + LONGEST + " characters, there are " + text.length());
        }
        this.text = text;
        this.matcher = TOKEN.matcher(text);
        this.next = scan();
    }

    Expression parse() {
        Expression whole = or();
        if (next.kind != Kind.END) {
            throw new PredicateException(next.column, "expected && or || or the end, found " + next.shown());
        }
        return whole;
    }

    private Expression or() {
        Expression left = and();
        while (next.is("||")) {
            take();
            left = new Predicate.Or(left, and());
        }
        return left;
    }

    private Expression and() {
        Expression left = negation();
        while (next.is("&&")) {
            take();
            left = new Predicate.And(left, negation());
        }
        return left;
    }

    private Expression negation() {
        if (!next.is("!") && !next.is("(")) {
            return comparison();
        }
        if (++depth > DEEPEST) {
            throw new PredicateException(next.column, "expected at most " + DEEPEST + " parentheses within each other");
        }
        Token opening = take();
        Expression result;
        if (opening.is("!")) {
            result = new Predicate.Not(negation());
        } else {
            result = or();
            if (!next.is(")")) {
                throw new PredicateException(
                        next.column, "expected ) for the ( of column " + opening.column + ", found " + next.shown());
            }
            take();
        }
        depth--;
        return result;
    }

    private Expression comparison() {
        Token first = take();
        Operand left = operand(first);
        Comparison comparison = Comparison.of(next.kind == Kind.SIGN ? next.text : "")
                .orElseThrow(() -> new PredicateException(
                        next.column,
                        "expected one of == != < <= > >= after '" + first.text + "', found " + next.shown()));
        Token sign = take();
        Token second = take();
        Operand right = operand(second);
        if (left.type() != right.type()) {
            left = asWord(first, left, right);
            right = asWord(second, right, left);
        }
        if (!(left instanceof Predicate.Read) && !(right instanceof Predicate.Read)) {
            Token word = first.kind == Kind.WORD ? first : second;
            throw new PredicateException(
                    word.column,
                    "expected a name on one side, one of " + String.join(", ", Variable.names())
                            + (word.kind == Kind.WORD ? "; the nearest to " + word.shown() + " is " + near(word) : ""));
        }
        if (left.type() != right.type()) {
            throw new PredicateException(
                    second.column,
                    "expected " + (left.type() == Variable.Type.NUMBER ? "a number" : "a word") + " to compare '"
                            + first.text + "' with, found " + second.shown());
        }
        if (left.type() == Variable.Type.NUMBER) {
            return new Predicate.Numbers(left, comparison, right);
        }
        if (comparison != Comparison.EQUAL && comparison != Comparison.DIFFERENT) {
            throw new PredicateException(sign.column, "expected == or != between words, found " + sign.shown());
        }
        checkPhase(left, second, right);
        checkPhase(right, first, left);
        return new Predicate.WordsAre(left, comparison == Comparison.EQUAL, right);
    }

    /** {@code joining} is a number and a phase: beside a variable that is a word, a name means itself. */
    private static Operand asWord(Token token, Operand operand, Operand other) {
        boolean beside = other instanceof Predicate.Read && other.type() == Variable.Type.WORD;
        return beside && token.kind == Kind.WORD ? new Predicate.Word(token.text) : operand;
    }

    private static void checkPhase(Operand asked, Token token, Operand given) {
        if (asked instanceof Predicate.Read(Variable variable)
                && variable == Variable.PHASE
                && given instanceof Predicate.Word(String phase)
                && !Variable.PHASES.contains(phase)) {
            throw new PredicateException(
                    token.column,
                    "there is no phase " + token.shown() + ", the nearest is "
                            + Nearest.of(phase, Variable.PHASES).orElseThrow());
        }
    }

    private static Operand operand(Token token) {
        return switch (token.kind) {
            case NUMBER -> new Predicate.Number(Double.parseDouble(token.text));
            case QUOTED -> new Predicate.Word(token.text);
            case WORD ->
                Variable.named(token.text)
                        .<Operand>map(Predicate.Read::new)
                        .orElseGet(() -> new Predicate.Word(token.text));
            case SIGN, END ->
                throw new PredicateException(
                        token.column, "expected a comparison such as step >= 3, found " + token.shown());
        };
    }

    private static String near(Token word) {
        return Nearest.of(word.text, Variable.names()).orElseThrow();
    }

    private Token take() {
        Token taken = next;
        next = scan();
        return taken;
    }

    private Token scan() {
        if (text.substring(position).isBlank()) {
            return new Token(Kind.END, "", text.length() + 1);
        }
        matcher.region(position, text.length());
        if (!matcher.lookingAt()) {
            int at = position
                    + text.substring(position).length()
                    - text.substring(position).stripLeading().length();
            throw new PredicateException(
                    at + 1, "expected a name, a number, a word or a sign, found '" + text.charAt(at) + "'");
        }
        position = matcher.end();
        Kind[] kinds = {Kind.SIGN, Kind.NUMBER, Kind.WORD, Kind.QUOTED, Kind.QUOTED};
        for (int group = 1; group <= kinds.length; group++) {
            if (matcher.group(group) != null) {
                int column = matcher.start(group) + 1 - (kinds[group - 1] == Kind.QUOTED ? 1 : 0);
                return new Token(kinds[group - 1], matcher.group(group), column);
            }
        }
        throw new IllegalStateException("the pattern matches nothing at " + position);
    }
}
