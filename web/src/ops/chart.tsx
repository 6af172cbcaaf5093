// A chart over time, and the same figures as a table for who cannot see it.
import { effect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { timeOfDay } from '../common/format';
import { type Point, holeMs } from './figures';
import { drawn, past } from './server';

export interface Line {
  label: string;
  of: (point: Point) => number | null;
  colour: string; // a custom property: --line-1
  fill?: boolean;
}

interface Props {
  title: string;
  unit: string;
  lines: Line[];
  limit?: () => number | null; // drawn across
  show: (value: number) => string;
}

const shownS = { least: 20, most: 120 };
const css = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// A gap is where a point says null; nothing else breaks a line.
function dataOf(lines: Line[]): uPlot.AlignedData {
  const points = past.value.points;
  return [points.map((p) => p.at), ...lines.map((line) => points.map((p) => line.of(p)))] as uPlot.AlignedData;
}

function limitDrawer(limit: () => number | null) {
  return (plot: uPlot) => {
    const value = limit();
    if (value === null) return;
    const y = plot.valToPos(value, 'y', true);
    const { left, width, top } = plot.bbox;
    if (y < top) return;
    plot.ctx.save();
    plot.ctx.strokeStyle = css('--bad');
    plot.ctx.setLineDash([6, 5]);
    plot.ctx.lineWidth = 1.5;
    plot.ctx.beginPath();
    plot.ctx.moveTo(left, y);
    plot.ctx.lineTo(left + width, y);
    plot.ctx.stroke();
    plot.ctx.restore();
  };
}

function plotFor(box: HTMLElement, { lines, limit, show }: Props): uPlot {
  const axis = { stroke: css('--soft'), grid: { stroke: css('--line'), width: 1 }, ticks: { show: false }, font: '12px system-ui, sans-serif' };
  const latest = () => past.value.points[past.value.points.length - 1]?.at ?? Date.now() / 1000;
  const shown = () => {
    const seen = latest() - (past.value.points[0]?.at ?? latest());
    return Math.min(shownS.most, Math.max(shownS.least, seen));
  };
  return new uPlot(
    {
      width: box.clientWidth,
      height: 150,
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { range: () => [latest() - shown(), latest()] },
        y: {
          range: (_plot, _low, high) => [0, Math.max((high ?? 0) * 1.12, (limit?.() ?? 0) * 1.12, 1)],
        },
      },
      axes: [
        { ...axis, space: 80, values: (_plot, ticks) => ticks.map((at) => timeOfDay(at * 1000).slice(0, 8)) },
        { ...axis, size: 58, values: (_plot, ticks) => ticks.map(show) },
      ],
      series: [
        {},
        ...lines.map((line) => ({
          stroke: css(line.colour),
          width: 2,
          spanGaps: false,
          points: { show: false },
          ...(line.fill ? { fill: css(line.colour) + '22' } : {}),
        })),
      ],
      hooks: limit ? { draw: [limitDrawer(limit)] } : {},
    },
    dataOf(lines),
    box,
  );
}

export function Chart(props: Props) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const place = box.current!;
    let plot = plotFor(place, props);
    const draw = effect(() => {
      void drawn.value;
      plot.setData(dataOf(props.lines));
    });
    const sized = new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: 150 }));
    sized.observe(place);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const again = () => {
      plot.destroy();
      plot = plotFor(place, props);
    };
    scheme.addEventListener('change', again);
    return () => {
      draw();
      sized.disconnect();
      scheme.removeEventListener('change', again);
      plot.destroy();
    };
  }, []);
  return (
    <figure class="panel chart">
      <figcaption>
        <h2>{props.title}</h2>
        <ul class="legend">
          {props.lines.map((line) => (
            <li key={line.label}><i style={{ background: `var(${line.colour})` }} />{line.label}</li>
          ))}
          {props.limit && <li><i class="dashed" />limit</li>}
        </ul>
      </figcaption>
      <div ref={box} class="plot" aria-hidden="true" />
      <details>
        <summary>As a table</summary>
        <Table {...props} />
      </details>
    </figure>
  );
}

// One row a second, the newest first; a hole is said in words.
function rowsOf(points: readonly Point[]): (Point | 'hole')[] {
  const rows: (Point | 'hole')[] = [];
  let last = Infinity;
  for (let i = points.length - 1; i >= 0 && rows.length < 12; --i) {
    const point = points[i]!;
    if (point.left === null) rows.push('hole');
    else if (last - point.at >= 1) rows.push(point);
    else continue;
    last = point.at;
  }
  return rows;
}

function Table({ title, unit, lines, show }: Props) {
  void drawn.value;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={`${title}, as a table`}>
      <table>
        <thead><tr><th scope="col">Time</th>{lines.map((line) => <th scope="col" key={line.label}>{line.label}{unit && `, ${unit}`}</th>)}</tr></thead>
        <tbody>
          {rowsOf(past.value.points).map((row, i) =>
            row === 'hole' ? (
              <tr key={i}><td class="hole" colSpan={lines.length + 1}>nothing was seen for more than {holeMs / 1000} s, or the server was started anew</td></tr>
            ) : (
              <tr key={i}>
                <th scope="row">{timeOfDay(row.at * 1000).slice(0, 8)}</th>
                {lines.map((line) => {
                  const value = line.of(row);
                  return <td key={line.label} class="num">{value === null ? '–' : show(value)}</td>;
                })}
              </tr>
            ),
          )}
        </tbody>
      </table>
    </div>
  );
}
