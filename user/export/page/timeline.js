// SPDX-License-Identifier: GPL-2.0-only
// timeline.js - zoom, pan, search and keys of a timeline that svg_draw.c drew. It stands in the
// picture by itself and in the page. It reads texts and numbers from the drawing and writes text
// with textContent only, so what was inert in there stays so.
(() => {
'use strict';
const SVG = 'http://www.w3.org/2000/svg', XHTML = 'http://www.w3.org/1999/xhtml';
const UNITS = 1e6, CLOSEST = 40, CHAR = 6.3, LINE = 14;

function make(ns, name, attributes, parent) {
	const node = document.createElementNS(ns, name);
	for (const key in attributes) node.setAttribute(key, attributes[key]);
	if (parent) parent.appendChild(node);
	return node;
}

// As text_ms() writes it.
function ms(ns) {
	const v = ns / 1e6;
	return (v < 1 ? v.toFixed(3) : v < 10 ? v.toFixed(2) : v < 100 ? v.toFixed(1) : v.toFixed(0)) + ' ms';
}

function cut(text, n) {
	const all = Array.from(text);
	return all.length <= n ? text : n < 2 ? '' : all.slice(0, n - 1).join('') + '…';
}

function timeline(svg, number) {
	const plot = svg.querySelector('.plot'), span = Number(svg.dataset.span);
	const axis = svg.querySelector('.axis'), names = [...svg.querySelectorAll('.names text')];
	const moments = [...svg.querySelectorAll('.moments text')];
	const heads = [...svg.querySelectorAll('.heads text')].map(node => {
		const title = node.querySelector('title'), id = node.dataset.id || '', whole = node.firstChild.nodeValue;
		const label = id ? whole.slice(0, -id.length - 1) : whole;
		return { node, title, label, id, scale: node.classList.contains('scale'), x: Number(node.getAttribute('x')) };
	});
	const lanes = [...plot.querySelectorAll('.phases, .path, .row')];
	const slices = lanes.map(group => [...group.children].filter(p => p.querySelector('title')));
	const legend = svg.querySelector('.legend');
	// What the critical path's slices are, each text once: those that are drawn together have many.
	const known = [...svg.querySelectorAll('.texts text')].map(t => ({ text: t.textContent.toLowerCase(), ns: Number(t.dataset.ns) }));
	const cutTexts = !!svg.querySelector('.texts[data-cut]');
	let full = Number(svg.getAttribute('height'));
	const top = Number(plot.getAttribute('y'));
	const height = Number(plot.getAttribute('height')), alone = !svg.parentNode.closest || svg.parentNode.namespaceURI === SVG;
	const texts = new WeakMap();
	let from = 0, to = UNITS, width = 0, labels = 190, lane = 1, cursor = null, hits = [], drag = null;

	const px = u => labels + (u - from) / (to - from) * (width - labels - 10);
	const textOf = path => {
		if (!texts.has(path)) texts.set(path, path.querySelector('title').textContent);
		return texts.get(path);
	};
	const bounds = path => {
		const m = /^M(\d+) \d+h(\d+)/.exec(path.getAttribute('d'));
		return m ? [Number(m[1]), Number(m[1]) + Number(m[2])] : [0, 0];
	};

	// ---- drawing ----------------------------------------------------------------------------
	function drawAxis() {
		const room = Math.max(3, Math.floor((width - labels) / 110)), shown = (to - from) / UNITS * span;
		let step = Math.pow(10, Math.floor(Math.log10(shown / room)));
		for (const by of [5, 2]) if (step * by * room <= shown) { step *= by; break; }
		if (step * room < shown / 2) step *= 2;
		const digits = Math.max(0, Math.min(6, 6 - Math.floor(Math.log10(step) + 1e-9)));
		axis.textContent = '';
		const first = Math.ceil(from / UNITS * span / step - 1e-9);
		for (let i = first; i * step <= to / UNITS * span * (1 + 1e-12) && i - first < 60; i++) {
			const x = px(i * step / span * UNITS).toFixed(1);
			const text = (i * step / 1e6).toFixed(digits) + (i === first ? ' ms' : '');
			const left = Number(x) + 3 + text.length * CHAR > width;
			make(SVG, 'path', { class: 'grid', d: `M${x} 14V${top + height}` }, axis);
			make(SVG, 'text', { x: Number(x) + (left ? -3 : 3), y: 11, class: left ? 'left' : '' }, axis).textContent = text;
		}
	}

	function drawNames() {
		for (const node of names) {
			const a = Math.max(px(Number(node.dataset.a)), labels), b = Math.min(px(Number(node.dataset.b)), width - 10);
			const fits = Math.floor((b - a - 6) / CHAR);
			node.setAttribute('x', a + 3);
			node.textContent = fits >= 4 ? cut(node.dataset.n, fits) : '';
		}
		// As svg_moments(): right of the mark or left of it, the most important ones first.
		const placed = [];
		for (const node of moments) {
			const x = px(Number(node.dataset.a)), w = node.dataset.n.length * CHAR + 8;
			let spot = null;
			for (let line = 0; line < 3 && !spot && x >= labels - 1 && x <= width; line++) for (const left of [false, true]) {
				const a = left ? x - w : x, b = left ? x : x + w;
				if (a < labels - 1 || b > width || placed.some(p => p.line === line && a < p.b && p.a < b)) continue;
				spot = { line, left, a, b };
				break;
			}
			node.textContent = spot ? node.dataset.n : '';
			if (!spot) continue;
			placed.push(spot);
			node.setAttribute('class', spot.left ? 'moment left' : 'moment');
			node.setAttribute('x', spot.left ? x - 3 : x + 3);
			node.setAttribute('y', 26 + 12 * spot.line);
		}
	}

	function draw() {
		plot.setAttribute('viewBox', `${from} 0 ${to - from} ${height}`);
		drawAxis();
		drawNames();
		if (view) {
			view.setAttribute('x', from);
			view.setAttribute('width', to - from);
			view.setAttribute('visibility', to - from < UNITS ? 'visible' : 'hidden');
		}
		svg.dataset.from = from;
		svg.dataset.to = to;
		hideTip();
	}

	// From left to right in lines that fit; a heading begins one. Returns how many lines that are.
	function drawLegend() {
		const narrow = labels < 190;
		let x = labels, line = -1;
		for (const item of legend.querySelectorAll('.item')) {
			const head = item.classList.contains('head'), w = head ? (item.textContent.length + 2) * CHAR : Number(item.dataset.w);
			if (head) { line++; x = narrow ? 4 + w : labels; }
			else if (x + w > width) { line++; x = narrow ? 4 : labels; }
			item.setAttribute('transform', `translate(${head ? 4 : x} ${Number(legend.dataset.y) + 17 * line})`);
			if (!head) x += w;
		}
		return line + 1;
	}

	function layout(w) {
		width = w;
		labels = w < 700 ? 108 : 190;
		full = top + height + 5 + 17 * drawLegend();
		svg.setAttribute('viewBox', `0 0 ${width} ${full}`);
		svg.setAttribute('width', width);
		svg.setAttribute('height', full);
		plot.setAttribute('x', labels);
		plot.setAttribute('width', Math.max(40, width - labels - 10));
		for (const { node, title, label, id, scale, x } of heads) {
			if (scale) {
				node.setAttribute('x', labels < 190 ? labels + 3 : x);
				node.setAttribute('class', labels < 190 ? 'scale' : 'scale left');
				continue;
			}
			const at = labels < 190 ? Math.min(x, 16) : x, room = Math.floor((labels - at - 4) / CHAR);
			node.setAttribute('x', at);
			node.textContent = id ? `${cut(label, Math.max(2, room - id.length - 1))} ${id}` : cut(label, room);
			if (title) node.appendChild(title);
		}
		if (map) map.setAttribute('width', labels - 14);
		draw();
	}

	// ---- zoom and pan -----------------------------------------------------------------------
	function show(a, b) {
		const size = Math.min(UNITS, Math.max(CLOSEST, b - a)), start = Math.max(0, Math.min(UNITS - size, (a + b - size) / 2));
		from = start;
		to = start + size;
		draw();
	}
	const pan = by => show(from + (to - from) * by, to + (to - from) * by);
	const zoom = (factor, at) => show(at - (at - from) * factor, at + (to - at) * factor);
	const middle = () => {
		if (!cursor) return (from + to) / 2;
		const [a, b] = bounds(cursor), m = (a + b) / 2;
		return m >= from && m <= to ? m : (from + to) / 2;
	};
	const unitAt = event => {
		const box = plot.getBoundingClientRect();
		return from + (event.clientX - box.left) / box.width * (to - from);
	};

	// ---- tooltip ----------------------------------------------------------------------------
	const tip = make(SVG, 'g', { class: 'tip', role: 'status', 'aria-live': 'polite', visibility: 'hidden' }, svg);
	const paper = make(SVG, 'rect', { rx: 2 }, tip), words = make(SVG, 'text', {}, tip);

	function hideTip() { tip.setAttribute('visibility', 'hidden'); }

	function showTip(text, x, y) {
		const most = Math.max(20, Math.min(90, Math.floor((width - 24) / 6.4))), lines = [''];
		for (const word of text.split(' ')) {
			const last = lines.length - 1;
			if (lines[last] && lines[last].length + word.length + 1 > most && lines.length < 6) lines.push(word);
			else lines[last] += (lines[last] ? ' ' : '') + word;
		}
		words.textContent = '';
		lines.forEach((line, i) => {
			make(SVG, 'tspan', { x: 6, y: 12 + LINE * i }, words).textContent = cut(line, most + 20);
		});
		tip.setAttribute('visibility', 'visible');
		const w = words.getComputedTextLength ? Math.max(...[...words.children].map(t => t.getComputedTextLength())) + 12 : 200;
		const h = lines.length * LINE + 5;
		paper.setAttribute('width', w);
		paper.setAttribute('height', h);
		const left = Math.max(2, Math.min(x + 12, width - w - 2)), up = y + 18 + h > full ? y - h - 8 : y + 18;
		tip.setAttribute('transform', `translate(${left} ${Math.max(0, up)})`);
	}

	const inside = event => {
		const box = svg.getBoundingClientRect();
		return [(event.clientX - box.left) / box.width * width, (event.clientY - box.top) / box.height * full];
	};

	// The titles are for who has no script; two tooltips at once are one too many.
	function takeTitle(path) {
		textOf(path);
		const title = path.querySelector('title');
		if (title) title.remove();
	}

	// ---- cursor -----------------------------------------------------------------------------
	const frame = make(SVG, 'rect', { class: 'cursor', visibility: 'hidden' }, plot);

	function point(path) {
		const [a, b] = bounds(path), group = path.parentNode, box = path.getBBox();
		const shift = /translate\(0 (\d+)\)/.exec(group.getAttribute('transform'));
		const rows = group.parentNode.classList.contains('rows') ? /translate\(0 (\d+)\)/.exec(group.parentNode.getAttribute('transform')) : null;
		const y = box.y + Number(shift ? shift[1] : 0) + Number(rows ? rows[1] : 0);
		cursor = path;
		lane = lanes.indexOf(group);
		if (b < from || a > to) show(a - (to - from) / 2 + (b - a) / 2, a + (to - from) / 2 + (b - a) / 2);
		for (const [key, value] of Object.entries({ x: a, width: b - a, y, height: box.height, visibility: 'visible' })) frame.setAttribute(key, value);
		showTip(textOf(path), Math.max(labels, Math.min(width, px((a + b) / 2))), top + y + box.height);
	}

	function step(by) {
		const list = slices[lane], i = cursor ? list.indexOf(cursor) : -1;
		const seen = i < 0 ? list.findIndex(p => bounds(p)[1] > from) : i + by;
		if (list[seen]) point(list[seen]);
	}

	function changeLane(by) {
		const at = cursor ? middle() : (from + to) / 2;
		for (let i = lane + by; i >= 0 && i < lanes.length; i += by) {
			const list = slices[i];
			if (!list.length) continue;
			const over = list.find(p => bounds(p)[1] >= at) || list[list.length - 1];
			point(over);
			return;
		}
	}

	// ---- search -----------------------------------------------------------------------------
	function search(text) {
		const wanted = text.trim().toLowerCase(), counts = { slice: 0, phase: 0, line: 0 };
		const fits = known.map(k => k.text.includes(wanted));
		for (const path of hits) path.classList.remove('hit');
		hits = [];
		svg.classList.toggle('searching', wanted !== '');
		if (wanted) lanes.forEach((group, i) => {
			const kind = group.classList.contains('phases') ? 'phase' : group.classList.contains('console') ? 'line' : 'slice';
			for (const path of slices[i]) {
				if (path.dataset.t === undefined ? !textOf(path).toLowerCase().includes(wanted) : !path.dataset.t.split(' ').some(t => fits[t])) continue;
				path.classList.add('hit');
				hits.push(path);
				counts[kind]++;
			}
		});
		const ns = known.reduce((sum, k, i) => sum + (fits[i] ? k.ns : 0), 0);
		// In threads' rows, slices that are drawn together have their states alone: there may be more.
		const more = svg.querySelector('.rows .m') ? 'at least ' : '';
		const told = Object.entries(counts).filter(([, n]) => n).map(([kind, n]) => `${kind === 'slice' ? more : ''}${n} ${kind}${n === 1 ? '' : 's'}`);
		found.textContent = !wanted ? '' : (told.join(', ') || 'nothing found') + (ns ? `; ${cutTexts ? 'at least ' : ''}${ms(ns)} of the critical path` : '');
	}

	function nextHit(by) {
		if (!hits.length) return;
		const i = hits.indexOf(cursor);
		point(hits[(i + by + hits.length) % hits.length]);
	}

	// ---- controls ---------------------------------------------------------------------------
	function button(text, label, action) {
		const b = make(XHTML, 'button', { type: 'button', 'aria-label': label, title: label }, tools);
		b.textContent = text;
		b.addEventListener('click', action);
	}
	const tools = make(XHTML, 'div', { class: 'tools' });
	const found = make(XHTML, 'output', { class: 'found' }, tools);
	const input = make(XHTML, 'input', { type: 'search', placeholder: 'search ( / )', 'aria-label': 'search the timeline', spellcheck: 'false' }, tools);
	input.addEventListener('input', () => search(input.value));
	input.addEventListener('keydown', event => {
		if (event.key === 'Enter') nextHit(event.shiftKey ? -1 : 1);
		else if (event.key === 'Escape') { input.value = ''; search(''); svg.focus(); }
		else return;
		event.preventDefault();
	});
	button('−', 'zoom out', () => zoom(2, middle()));
	button('+', 'zoom in', () => zoom(0.5, middle()));
	button('all', 'show all of it', () => show(0, UNITS));
	if (alone) {
		const room = make(SVG, 'foreignObject', { x: 760, y: Number(svg.getAttribute('y')) - 30, width: 432, height: 28 }, svg.ownerSVGElement);
		room.appendChild(tools);
	} else {
		svg.parentNode.insertBefore(tools, svg);
	}

	// The whole, small, beside the axis: where what is shown lies.
	lanes[1].id = lanes[1].id || `tl${number}path`;
	lanes[0].id = lanes[0].id || `tl${number}phases`;
	const map = make(SVG, 'svg', { class: 'map', x: 4, y: 6, width: labels - 14, height: 28, viewBox: `0 0 ${UNITS} 34`, preserveAspectRatio: 'none' }, svg);
	make(SVG, 'rect', { width: UNITS, height: 34, fill: 'transparent' }, map);
	make(SVG, 'use', { href: `#${lanes[0].id}` }, map);
	make(SVG, 'use', { href: `#${lanes[1].id}` }, map);
	const view = make(SVG, 'rect', { class: 'window', y: 0, height: 34 }, map);
	const mapTo = event => {
		const box = map.getBoundingClientRect(), at = (event.clientX - box.left) / box.width * UNITS;
		show(at - (to - from) / 2, at + (to - from) / 2);
	};
	map.addEventListener('pointerdown', event => { map.setPointerCapture(event.pointerId); mapTo(event); });
	map.addEventListener('pointermove', event => { if (map.hasPointerCapture(event.pointerId)) mapTo(event); });

	// ---- pointer and keys -------------------------------------------------------------------
	plot.addEventListener('pointerdown', event => {
		if (event.button === 0) drag = { x: event.clientX, from, to, moved: false };
	});
	plot.addEventListener('pointermove', event => {
		if (drag && event.buttons & 1) {
			const by = (event.clientX - drag.x) / plot.getBoundingClientRect().width * (drag.to - drag.from);
			if (Math.abs(event.clientX - drag.x) > 4 && !drag.moved) { drag.moved = true; plot.setPointerCapture(event.pointerId); }
			if (drag.moved) show(drag.from - by, drag.to - by);
			return;
		}
		const path = event.target.closest('.phases path, .path path, .row path, .mem path:not(.grid), .mark');
		if (!path || !(texts.has(path) || path.querySelector('title'))) { hideTip(); return; }
		takeTitle(path);
		showTip(textOf(path), ...inside(event));
	});
	plot.addEventListener('pointerleave', hideTip);
	plot.addEventListener('click', event => {
		const path = event.target.closest('.phases path, .path path, .row path'), moved = drag && drag.moved;
		drag = null;
		if (!path || moved) return;
		const [a, b] = bounds(path);
		show(a - (b - a) * 0.02, b + (b - a) * 0.02);
		cursor = path;
		lane = lanes.indexOf(path.parentNode);
	});
	plot.addEventListener('dblclick', () => show(0, UNITS));
	svg.addEventListener('wheel', event => {
		if (event.ctrlKey || event.metaKey) zoom(event.deltaY > 0 ? 1.25 : 0.8, unitAt(event));
		else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) pan(event.deltaX / width);
		else return;
		event.preventDefault();
	}, { passive: false });
	const keys = {
		ArrowLeft: e => e.shiftKey ? pan(-0.2) : step(-1), ArrowRight: e => e.shiftKey ? pan(0.2) : step(1),
		ArrowUp: () => changeLane(-1), ArrowDown: () => changeLane(1),
		'+': () => zoom(0.5, middle()), '=': () => zoom(0.5, middle()), '-': () => zoom(2, middle()),
		0: () => show(0, UNITS), '/': () => input.focus(), n: () => nextHit(1), N: () => nextHit(-1),
		Enter: () => { if (cursor) { const [a, b] = bounds(cursor); show(a - (b - a) * 0.02, b + (b - a) * 0.02); point(cursor); } },
		Escape: () => { cursor = null; frame.setAttribute('visibility', 'hidden'); show(0, UNITS); },
	};
	svg.setAttribute('tabindex', '0');
	svg.setAttribute('role', 'group');
	svg.setAttribute('aria-label', svg.querySelector('title').textContent + '. Arrows: from slice to slice; plus, minus, 0: zoom; Enter: zoom to the slice; slash: search.');
	svg.querySelector('title').remove();
	svg.addEventListener('keydown', event => {
		const action = event.ctrlKey || event.metaKey || event.altKey ? null : keys[event.key];
		if (!action) return;
		event.preventDefault();
		action(event);
	});

	if (alone) {
		layout(1200);
		return;
	}
	const fit = () => {
		const w = Math.floor(svg.parentNode.clientWidth);
		if (w > 0 && w !== width) layout(w);
	};
	fit();
	new ResizeObserver(fit).observe(svg.parentNode);
}

const all = document.querySelectorAll('svg.tl');
all.forEach(timeline);
// A picture of one timeline has its keys without being clicked at first.
if (document.documentElement.namespaceURI === SVG && all.length === 1) all[0].focus();
})();
