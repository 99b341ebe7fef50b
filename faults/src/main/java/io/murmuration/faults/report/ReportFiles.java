package io.murmuration.faults.report;

import io.murmuration.cluster.config.UserError;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes a report: {@code report.json} for programs, {@code report.html} for people. */
public final class ReportFiles {

    public static final String JSON = "report.json";
    public static final String HTML = "report.html";

    private ReportFiles() {}

    /**
     * Makes the folder if it is not there and replaces an older report in it.
     *
     * @throws UserError if it cannot be written
     */
    public static void write(ScenarioReport report, Path folder) {
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve(JSON), ReportJson.text(report), StandardCharsets.UTF_8);
            Files.writeString(folder.resolve(HTML), ReportPage.of(report), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UserError("cannot write the report to " + folder + ": " + e.getMessage(), e);
        }
    }
}
