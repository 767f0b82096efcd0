# SPDX-License-Identifier: GPL-2.0-or-later
"""What the meter measures at the moment: BT28."""

from fractions import Fraction

from dissectors.osgp.tables.measurements import PRESENT_VALUES, other_source
from dissectors.sources import MEP
from osgp_analyzer.schema import I32, Array, Context, Integer, Layer, Time

values = Context("bt21.present_values")
LISTED = 84
"""Present values that the guides list by name."""
THOUSANDTH, HUNDREDTH = Fraction(1, 1000), Fraction(1, 100)
TABLE = MEP.at("p.215-220; optical guide p.53-57").one


def present_value(number: int, unit: str, label: str, doc: str = "", scale: Fraction | None = None) -> Integer:
    """The field for a present value by its number in the guides' list. BT27 says what the meter really has there, so
    that its name is inferred."""
    return I32(unit=unit, scale=scale, when=values > number, label=label, doc=doc, source=TABLE.inferred)


class PresentDemand(Layer, name="bt28.demand", title="Present demand", source=TABLE, order="little"):
    """The demand in the interval that is running; BT27 says of what."""

    time_remaining = Time("time", when=Context("bt21.time_remaining") == 1, doc="Up to the end of the interval.")
    value = I32(label="Demand")

    info = "{value}"


class BT28(Layer, name="bt28", title="Present Register Data", source=TABLE, order="little"):
    """Instantaneous values. BT21 says how many there are, BT27 which. CT and VT ratios are not in them but where it is
    said."""

    present_demands = Array(PresentDemand, Context("bt21.present_demands"), doc="Demands of the running interval.")
    forward_active_power = present_value(0, "W", "Forward active power", "All phases.")
    reverse_active_power = present_value(1, "W", "Reverse active power", "All phases.")
    import_reactive_power = present_value(2, "var", "Import reactive power", "All phases.")
    export_reactive_power = present_value(3, "var", "Export reactive power", "All phases.")
    rms_current_l1 = present_value(4, "mA", "RMS current L1")
    rms_current_l2 = present_value(5, "mA", "RMS current L2")
    rms_current_l3 = present_value(6, "mA", "RMS current L3")
    rms_voltage_l1 = present_value(7, "V", "RMS voltage L1", scale=THOUSANDTH)
    rms_voltage_l2 = present_value(8, "V", "RMS voltage L2", scale=THOUSANDTH)
    rms_voltage_l3 = present_value(9, "V", "RMS voltage L3", scale=THOUSANDTH)
    power_factor_l1 = present_value(10, "", "Power factor L1", scale=THOUSANDTH)
    frequency = present_value(11, "Hz", "Frequency", scale=THOUSANDTH)
    apparent_power = present_value(12, "VA", "Apparent power", "All phases.")
    power_factor_l2 = present_value(13, "", "Power factor L2", scale=THOUSANDTH)
    power_factor_l3 = present_value(14, "", "Power factor L3", scale=THOUSANDTH)
    sine_phase_angle_l1 = present_value(15, "", "Sine phase angle L1", scale=THOUSANDTH)
    sine_phase_angle_l2 = present_value(16, "", "Sine phase angle L2", scale=THOUSANDTH)
    sine_phase_angle_l3 = present_value(17, "", "Sine phase angle L3", scale=THOUSANDTH)
    forward_active_power_after_ratio = present_value(
        18, "W", "Forward active power after CT/VT ratio", "CT and VT ratios are in it, where they are enabled."
    )
    reverse_active_power_after_ratio = present_value(
        19, "W", "Reverse active power after CT/VT ratio", "CT and VT ratios are in it, where they are enabled."
    )
    import_reactive_power_after_ratio = present_value(
        20, "var", "Import reactive power after CT/VT ratio", "CT and VT ratios are in it, where they are enabled."
    )
    export_reactive_power_after_ratio = present_value(
        21, "var", "Export reactive power after CT/VT ratio", "CT and VT ratios are in it, where they are enabled."
    )
    reactive_power_q1 = present_value(22, "var", "Reactive power Q1", "Quadrant 1; from firmware 3.10 on.")
    reactive_power_q2 = present_value(23, "var", "Reactive power Q2", "Quadrant 2.")
    reactive_power_q3 = present_value(24, "var", "Reactive power Q3", "Quadrant 3.")
    reactive_power_q4 = present_value(25, "var", "Reactive power Q4", "Quadrant 4.")
    forward_active_power_l1 = present_value(26, "W", "Forward active power L1")
    forward_active_power_l2 = present_value(27, "W", "Forward active power L2")
    forward_active_power_l3 = present_value(28, "W", "Forward active power L3")
    reverse_active_power_l1 = present_value(29, "W", "Reverse active power L1")
    reverse_active_power_l2 = present_value(30, "W", "Reverse active power L2")
    reverse_active_power_l3 = present_value(31, "W", "Reverse active power L3")
    forward_active_power_l1_after_ratio = present_value(
        32, "W", "Forward active power L1 after CT/VT ratio", "CT and VT ratios are in it, where they are enabled."
    )
    forward_active_power_l2_after_ratio = present_value(
        33, "W", "Forward active power L2 after CT/VT ratio", "CT and VT ratios are in it, where they are enabled."
    )
    forward_active_power_l3_after_ratio = present_value(
        34, "W", "Forward active power L3 after CT/VT ratio", "CT and VT ratios are in it, where they are enabled."
    )
    reverse_active_power_l1_after_ratio = present_value(
        35, "W", "Reverse active power L1 after CT/VT ratio", "CT and VT ratios are in it, where they are enabled."
    )
    reverse_active_power_l2_after_ratio = present_value(
        36, "W", "Reverse active power L2 after CT/VT ratio", "CT and VT ratios are in it, where they are enabled."
    )
    reverse_active_power_l3_after_ratio = present_value(
        37, "W", "Reverse active power L3 after CT/VT ratio", "CT and VT ratios are in it, where they are enabled."
    )
    rms_current_l1_after_ratio = present_value(38, "mA", "RMS current L1 after CT/VT ratio", "The CT ratio is in it.")
    rms_current_l2_after_ratio = present_value(39, "mA", "RMS current L2 after CT/VT ratio", "The CT ratio is in it.")
    rms_current_l3_after_ratio = present_value(40, "mA", "RMS current L3 after CT/VT ratio", "The CT ratio is in it.")
    continuous_rms_voltage_l1 = present_value(41, "V", "Continuous RMS voltage L1", scale=THOUSANDTH)
    continuous_rms_voltage_l2 = present_value(42, "V", "Continuous RMS voltage L2", scale=THOUSANDTH)
    continuous_rms_voltage_l3 = present_value(43, "V", "Continuous RMS voltage L3", scale=THOUSANDTH)
    average_rms_voltage_l1 = present_value(44, "V", "Average RMS voltage L1", scale=THOUSANDTH)
    average_rms_voltage_l2 = present_value(45, "V", "Average RMS voltage L2", scale=THOUSANDTH)
    average_rms_voltage_l3 = present_value(46, "V", "Average RMS voltage L3", scale=THOUSANDTH)
    average_forward_active_power = present_value(47, "W", "Average forward active power", "All phases.")
    average_reverse_active_power = present_value(48, "W", "Average reverse active power", "All phases.")
    average_forward_active_power_l1 = present_value(49, "W", "Average forward active power L1")
    average_forward_active_power_l2 = present_value(50, "W", "Average forward active power L2")
    average_forward_active_power_l3 = present_value(51, "W", "Average forward active power L3")
    average_reverse_active_power_l1 = present_value(52, "W", "Average reverse active power L1")
    average_reverse_active_power_l2 = present_value(53, "W", "Average reverse active power L2")
    average_reverse_active_power_l3 = present_value(54, "W", "Average reverse active power L3")
    apparent_power_q1 = present_value(55, "VA", "Apparent power Q1", "Quadrant 1, all phases.")
    apparent_power_q2 = present_value(56, "VA", "Apparent power Q2", "Quadrant 2, all phases.")
    apparent_power_q3 = present_value(57, "VA", "Apparent power Q3", "Quadrant 3, all phases.")
    apparent_power_q4 = present_value(58, "VA", "Apparent power Q4", "Quadrant 4, all phases.")
    apparent_power_q1_l1 = present_value(59, "VA", "Apparent power Q1 L1")
    apparent_power_q2_l1 = present_value(60, "VA", "Apparent power Q2 L1")
    apparent_power_q3_l1 = present_value(61, "VA", "Apparent power Q3 L1")
    apparent_power_q4_l1 = present_value(62, "VA", "Apparent power Q4 L1")
    apparent_power_q1_l2 = present_value(63, "VA", "Apparent power Q1 L2")
    apparent_power_q2_l2 = present_value(64, "VA", "Apparent power Q2 L2")
    apparent_power_q3_l2 = present_value(65, "VA", "Apparent power Q3 L2")
    apparent_power_q4_l2 = present_value(66, "VA", "Apparent power Q4 L2")
    apparent_power_q1_l3 = present_value(67, "VA", "Apparent power Q1 L3")
    apparent_power_q2_l3 = present_value(68, "VA", "Apparent power Q2 L3")
    apparent_power_q3_l3 = present_value(69, "VA", "Apparent power Q3 L3")
    apparent_power_q4_l3 = present_value(70, "VA", "Apparent power Q4 L3")
    neutral_current = present_value(71, "mA", "Neutral current")
    average_rms_current_l1 = present_value(72, "mA", "Average RMS current L1")
    average_rms_current_l2 = present_value(73, "mA", "Average RMS current L2")
    average_rms_current_l3 = present_value(74, "mA", "Average RMS current L3")
    voltage_angle_a_to_b = present_value(75, "°", "Voltage angle A to B", scale=HUNDREDTH)
    voltage_angle_b_to_c = present_value(76, "°", "Voltage angle B to C", scale=HUNDREDTH)
    voltage_angle_c_to_a = present_value(77, "°", "Voltage angle C to A", scale=HUNDREDTH)
    import_reactive_power_a = present_value(78, "var", "Import reactive power A")
    import_reactive_power_b = present_value(79, "var", "Import reactive power B")
    import_reactive_power_c = present_value(80, "var", "Import reactive power C")
    export_reactive_power_a = present_value(81, "var", "Export reactive power A")
    export_reactive_power_b = present_value(82, "var", "Export reactive power B")
    export_reactive_power_c = present_value(83, "var", "Export reactive power C")
    more_values = Array(I32(), values - LISTED, when=values > LISTED, doc="Those that the guides do not list.")

    checks = (other_source("bt27.present_value_sources", PRESENT_VALUES),)
    info = "{forward_active_power}, {rms_voltage_l1}, {rms_current_l1}"
