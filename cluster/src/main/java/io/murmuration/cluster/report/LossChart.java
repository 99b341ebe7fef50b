package io.murmuration.cluster.report;

import io.murmuration.cluster.config.UserError;
import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Draws the losses of a run over its steps as a PNG. */
final class LossChart {

    /** Steps that the dark training line is the mean of: calm enough to read, short enough to follow the warm-up. */
    private static final int MEAN_OF = 21;

    private static final Color EACH_STEP = new Color(0xB5, 0xCF, 0xE8);
    private static final Color TRAINING = new Color(0x1F, 0x5F, 0xA8);
    private static final Color VALIDATION = new Color(0xD9, 0x5F, 0x02);
    private static final Color GRID = new Color(0xE4, 0xE4, 0xE4);
    private static final Color TEXT = new Color(0x33, 0x33, 0x33);

    private final String title;
    private String unit = "token";
    private final Curve training = new Curve();
    private final Curve validation = new Curve();

    /** Points of one line. */
    private record Curve(List<Double> steps, List<Double> losses) {
        Curve() {
            this(new ArrayList<>(), new ArrayList<>());
        }

        void add(long step, double loss) {
            // A chart has no place for what is not a number; the metrics have it.
            if (Double.isFinite(loss)) {
                steps.add((double) step);
                losses.add(loss);
            }
        }

        /** Each point the mean of those around it; towards the ends of fewer, so that the line neither lags nor bends. */
        Curve smoothed() {
            Curve smooth = new Curve();
            for (int i = 0; i < losses.size(); i++) {
                int reach = Math.min(MEAN_OF / 2, Math.min(i, losses.size() - 1 - i));
                double sum = 0;
                for (int j = i - reach; j <= i + reach; j++) {
                    sum += losses.get(j);
                }
                smooth.add(steps.get(i).longValue(), sum / (2 * reach + 1));
            }
            return smooth;
        }
    }

    LossChart(String title) {
        this.title = title;
    }

    /** @param of what the loss is of: byte or token */
    void unit(String of) {
        unit = of;
    }

    void trained(long step, double loss) {
        training.add(step, loss);
    }

    void validated(long step, double loss) {
        validation.add(step, loss);
    }

    boolean isEmpty() {
        return training.steps.isEmpty() && validation.steps.isEmpty();
    }

    /**
     * Writes the picture, whole or not at all.
     *
     * @throws IOException if the file cannot be written
     * @throws UserError if this machine cannot draw (no fonts)
     */
    void draw(Path file) throws IOException {
        ByteArrayOutputStream image = new ByteArrayOutputStream();
        try {
            // Everything that draws needs fonts; on a bare machine the JDK answers with one of these.
            BitmapEncoder.saveBitmap(chart(), image, BitmapEncoder.BitmapFormat.PNG);
        } catch (InternalError | LinkageError | NullPointerException e) {
            throw new UserError("cannot draw, are fonts installed (fontconfig and one font)? " + e, e);
        }
        WholeFiles.write(file, image.toByteArray());
    }

    private XYChart chart() {
        XYChart chart = new XYChartBuilder()
                .width(1200)
                .height(720)
                .title(title)
                .xAxisTitle("step")
                .yAxisTitle("loss (nats per " + unit + ")")
                .build();
        style(chart);
        boolean smooth = training.steps.size() > MEAN_OF;
        if (!training.steps.isEmpty()) {
            line(chart, "training, each step", training, smooth ? EACH_STEP : TRAINING, smooth ? 1.2f : 2.4f);
        }
        if (smooth) {
            line(chart, "training, mean of " + MEAN_OF + " steps", training.smoothed(), TRAINING, 2.4f);
        }
        if (!validation.steps.isEmpty()) {
            line(chart, "validation", validation, VALIDATION, 2.4f)
                    .setMarker(SeriesMarkers.CIRCLE)
                    .setMarkerColor(VALIDATION);
        }
        return chart;
    }

    private static XYSeries line(XYChart chart, String name, Curve curve, Color color, float width) {
        XYSeries series = chart.addSeries(name, again(curve.steps, 0.01), again(curve.losses, 0));
        series.setLineColor(color);
        series.setLineStyle(new BasicStroke(width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
        series.setMarker(SeriesMarkers.NONE);
        return series;
    }

    /**
     * The last point once more, a hair to the right, which does not show. With evenly spaced points XChart marks every
     * so-manieth of them on the axis (0, 96, 192); with any others it marks round numbers.
     */
    private static List<Double> again(List<Double> values, double shift) {
        List<Double> uneven = new ArrayList<>(values);
        uneven.add(values.getLast() + shift);
        return uneven;
    }

    private static void style(XYChart chart) {
        Font font = new Font(Font.SANS_SERIF, Font.PLAIN, 16);
        chart.getStyler()
                .setChartBackgroundColor(Color.WHITE)
                .setPlotBackgroundColor(Color.WHITE)
                .setPlotBorderVisible(false)
                .setChartPadding(24)
                .setChartFontColor(TEXT)
                .setChartTitleFont(font.deriveFont(Font.BOLD, 20f))
                .setChartTitleBoxVisible(false)
                .setLegendPosition(Styler.LegendPosition.InsideNE)
                .setLegendBorderColor(Color.WHITE)
                .setLegendFont(font)
                .setMarkerSize(9);
        chart.getStyler()
                .setAxisTitleFont(font)
                .setAxisTickLabelsFont(font)
                .setPlotGridLinesColor(GRID)
                .setPlotGridLinesStroke(new BasicStroke(1f))
                .setPlotGridVerticalLinesVisible(false)
                .setXAxisDecimalPattern("#,##0")
                .setYAxisDecimalPattern("0.0#")
                .setXAxisTickMarkSpacingHint(120)
                .setYAxisTickMarkSpacingHint(60)
                .setXAxisMin(0.0)
                .setLocale(Locale.ROOT);
    }
}
