# SPDX-License-Identifier: Apache-2.0
#
# Draws the sweep of scenarios/livelock.toml over the points of Mogul and Ramakrishnan, 1996.
#     southbridge sweep scenarios/livelock.toml --out out/livelock
#     gnuplot -e "results='out/livelock/results.csv'" docs/validation/livelock.gp
# from the project's folder. Writes docs/validation/livelock.svg. Points are published, lines are ours.
if (!exists("results")) results = 'out/livelock/results.csv'
folder = 'docs/validation/'
set datafile separator ','
set datafile columnheaders
set datafile missing NaN
set terminal svg size 1100,520 font 'sans,13' background rgb 'white'
set output folder.'livelock.svg'

# Packets that came out at the far side, over the time of traffic, which begins at 20 ms.
out(user, service) = column("guest.parameters.user") == user && stringcolumn("guest.parameters.service") eq service ? \
    column("counter.sink.received") / (column("total.elapsed") * 1e-6 - 0.02) : NaN
published(kernel) = stringcolumn("kernel") eq kernel ? column("output_packets_per_second") : NaN

set multiplot layout 1,2
set xlabel 'input [packets/s]'
set ylabel 'forwarded [packets/s]'
set xrange [0:14500]
set yrange [0:7400]
set xtics 2000
set grid lc rgb '#dddddd'
set key top left maxrows 6 samplen 1.5 font ',11'

set title 'Without a user process'
quotas = folder.'mogul1996_quota.csv'
plot results using "traffic.rate":(out(0, "interrupt")) with linespoints lw 2 pt 0 lc rgb '#000000' title 'interrupts', \
     results using "traffic.rate":(out(0, "quota:5")) with lines lw 2 lc rgb '#0072b2' title 'quota 5', \
     results using "traffic.rate":(out(0, "quota:10")) with lines lw 2 lc rgb '#009e73' title 'quota 10', \
     results using "traffic.rate":(out(0, "quota:20")) with lines lw 2 lc rgb '#e69f00' title 'quota 20', \
     results using "traffic.rate":(out(0, "quota:100")) with lines lw 2 lc rgb '#d55e00' title 'quota 100', \
     results using "traffic.rate":(out(0, "quota:0")) with lines lw 2 lc rgb '#cc79a7' title 'no quota', \
     folder.'mogul1996.csv' using "input_packets_per_second":(published("interrupts")) with points pt 7 lc rgb '#000000' title 'published', \
     quotas using (13000):(stringcolumn("quota") eq "5" ? column("output_packets_per_second") : NaN) with points pt 7 ps 1.2 lc rgb '#0072b2' notitle, \
     quotas using (13000):(stringcolumn("quota") eq "10" ? column("output_packets_per_second") : NaN) with points pt 7 ps 1.2 lc rgb '#009e73' notitle, \
     quotas using (13000):(stringcolumn("quota") eq "20" ? column("output_packets_per_second") : NaN) with points pt 7 ps 1.2 lc rgb '#e69f00' notitle, \
     quotas using (13000):(stringcolumn("quota") eq "100" ? column("output_packets_per_second") : NaN) with points pt 7 ps 1.2 lc rgb '#d55e00' notitle, \
     quotas using (13000):(stringcolumn("quota") eq "none" ? column("output_packets_per_second") : NaN) with points pt 7 ps 1.2 lc rgb '#cc79a7' notitle

set title 'With a user process (screend)'
set object 1 rectangle from 0,2800 to 14500,2900 fc rgb '#009e73' fs transparent solid 0.3 noborder behind
plot results using "traffic.rate":(out(1, "interrupt")) with lines lw 2 lc rgb '#000000' title 'interrupts', \
     results using "traffic.rate":(out(1, "quota:10")) with lines lw 2 lc rgb '#e69f00' title 'quota 10, no feedback', \
     results using "traffic.rate":(out(1, "feedback:10")) with lines lw 2 lc rgb '#009e73' title 'quota 10, feedback', \
     folder.'mogul1996.csv' using "input_packets_per_second":(published("interrupts with screend")) with points pt 7 lc rgb '#000000' title 'published, interrupts', \
     NaN with filledcurves fc rgb '#009e73' fs transparent solid 0.3 title 'published, feedback'
unset multiplot
