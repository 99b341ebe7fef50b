package io.murmuration.faults.balance;

/**
 * Where the microbatches of a full window wait: mean value analysis of a closed network (Reiser and Lavenberg 1980) whose
 * stations are the stages. Most of them are at the slowest stage, as in a pipeline that is kept full.
 */
final class Queues {

    private Queues() {}

    /**
     * @param rates of the stages
     * @param window microbatches under way
     * @return microbatches at each stage in the mean; they add up to the window
     */
    static double[] mean(double[] rates, int window) {
        double[] queues = new double[rates.length];
        int dead = 0;
        for (double rate : rates) {
            dead += rate > 0 ? 0 : 1;
        }
        if (dead > 0) {
            // Nothing passes: everything has gone to where it stops.
            for (int stage = 0; stage < rates.length; stage++) {
                queues[stage] = rates[stage] > 0 ? 0 : (double) window / dead;
            }
            return queues;
        }
        double[] waits = new double[rates.length];
        for (int customers = 1; customers <= window; customers++) {
            double round = 0;
            for (int stage = 0; stage < rates.length; stage++) {
                waits[stage] = (1 + queues[stage]) / rates[stage];
                round += waits[stage];
            }
            for (int stage = 0; stage < rates.length; stage++) {
                queues[stage] = customers / round * waits[stage];
            }
        }
        return queues;
    }
}
