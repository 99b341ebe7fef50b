package io.murmuration.cluster.cli;

/**
 * One line of the doctor.
 *
 * @param what thing that was looked at
 * @param found what is there
 * @param remedy what to do about it; empty if nothing needs doing
 */
record Check(String what, String found, String remedy) {

    static Check ok(String what, String found) {
        return new Check(what, found, "");
    }

    static Check red(String what, String found, String remedy) {
        return new Check(what, found, remedy);
    }

    boolean red() {
        return !remedy.isEmpty();
    }

    String line() {
        return (red() ? "RED  " : "ok   ")
                + what
                + " ".repeat(12 - what.length())
                + found
                + (red() ? "; " + remedy : "");
    }
}
