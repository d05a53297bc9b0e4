// SPDX-License-Identifier: GPL-2.0-only
// page.js - what the page can do beyond being read: theme, sorting, the rest of the ledger.
(() => {
'use strict';
const root = document.documentElement;

function button(text, parent, action) {
	const b = document.createElement('button');
	b.type = 'button';
	b.textContent = text;
	b.addEventListener('click', action);
	parent.appendChild(b);
	return b;
}

// Three states: as the system has it, light, dark. Not remembered: from file:// all pages are one.
const themes = ['auto', 'light', 'dark'];
const theme = button('theme: auto', document.querySelector('.top'), () => {
	const next = themes[(themes.indexOf(root.dataset.theme || 'auto') + 1) % themes.length];
	if (next === 'auto') delete root.dataset.theme;
	else root.dataset.theme = next;
	theme.textContent = `theme: ${next}`;
});
theme.id = 'theme';

const valueOf = (row, column) => {
	const cell = row.cells[column];
	return cell === undefined ? '' : cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v);
};

function sort(table, column, head) {
	const down = head.getAttribute('aria-sort') !== 'descending', body = table.tBodies[0];
	const rows = [...body.rows].sort((a, b) => {
		const x = valueOf(a, column), y = valueOf(b, column);
		const order = typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y));
		return down ? -order : order;
	});
	for (const other of head.parentNode.cells) other.removeAttribute('aria-sort');
	head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
	table.classList.add('all');
	body.append(...rows);
}

for (const table of document.querySelectorAll('table.sortable')) {
	[...table.tHead.rows[0].cells].forEach((head, column) => {
		const text = head.textContent;
		if (!text) return;
		head.textContent = '';
		button(text, head, () => sort(table, column, head));
	});
}

for (const table of document.querySelectorAll('table.ledger')) {
	const more = table.querySelectorAll('.more').length;
	if (!more) continue;
	const toggle = button(`${more} more`, table.parentNode, () => {
		const all = table.classList.toggle('all');
		toggle.textContent = all ? 'fewer' : `${more} more`;
		toggle.setAttribute('aria-expanded', all);
	});
	toggle.setAttribute('aria-expanded', 'false');
}

// On paper everything is there; browsers without ::details-content need it said.
let shut = [];
addEventListener('beforeprint', () => {
	shut = [...document.querySelectorAll('details:not([open])')];
	shut.forEach(d => { d.open = true; });
});
addEventListener('afterprint', () => {
	shut.forEach(d => { d.open = false; });
	shut = [];
});

// Where one is on the page.
const links = new Map([...document.querySelectorAll('.top nav a')].map(a => [a.getAttribute('href').slice(1), a]));
const seen = new IntersectionObserver(entries => {
	for (const entry of entries) if (entry.isIntersecting) {
		for (const a of links.values()) a.removeAttribute('aria-current');
		const link = links.get(entry.target.id);
		if (link) link.setAttribute('aria-current', 'true');
	}
}, { rootMargin: '-45px 0px -80% 0px' });
document.querySelectorAll('main > section').forEach(section => seen.observe(section));
})();
