package io.murmuration.faults.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.faults.report.Compared.Row;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ComparedTest {

    private static Row row(double simulated, double sockets) {
        return new Row("recovery, s", Optional.of(simulated), Optional.of(sockets), true);
    }

    @Test
    void two_figures_are_close_within_a_quarter_of_what_was_simulated() {
        assertThat(row(100, 125).isClose()).isTrue();
        assertThat(row(100, 75).isClose()).isTrue();
        assertThat(row(100, 126).isClose()).isFalse();
        assertThat(row(100, 74).isClose()).isFalse();
        assertThat(row(0, 1).isClose()).isFalse();
        assertThat(new Row("recovery, s", Optional.of(3.0), Optional.empty(), true).isClose())
                .isFalse();
    }

    @Test
    void the_table_has_both_sides_their_ratio_and_what_was_fitted() {
        ScenarioReport report = ExampleReport.of();
        Compared compared = new Compared(
                report,
                report,
                List.of("eu 19 MFLOPS (the file says 20)"),
                List.of(row(12.345, 13.9), row(1, 2), new Row("removed, s", Optional.empty(), Optional.of(1.0), false)),
                List.of("why"));
        assertThat(compared.sameVerdict()).isTrue();
        assertThat(compared.text())
                .contains("| simulated | sockets | ratio | within 25 % |")
                .contains("| recovery, s | 12.3 | 13.9 | 1.13 | yes |")
                .contains("| recovery, s | 1.00 | 2.00 | 2.00 | no |")
                .contains("| removed, s | - | 1.00 | - |  |")
                .contains("fitted: eu 19 MFLOPS (the file says 20)")
                .contains("- why");
    }
}
