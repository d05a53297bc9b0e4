// SPDX-License-Identifier: GPL-2.0-only
/*
 * term.c - ncursesw.
 *
 * Signals are blocked but for the moment of waiting, so that none falls between looking and
 * waiting. Whatever else kills must not leave a terminal behind on which nobody can type: its
 * handler writes the strings that were looked up beforehand, for it may call nothing of curses. It
 * has a stack of its own, for the fault may be that there is none left.
 */
#include "tui/term.h"

#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <termios.h>
#include <unistd.h>

#include <curses.h>
#include <term.h>

#include "tui/guard.h"
#include "tui/theme.h"
#include "user/base/mem.h"

#define ESCAPE_MS 50 /* a lone Esc is told from a key's sequence after that */
#define FAULT_STACK 65536

static struct {
	SCREEN *screen;
	bool open;
	struct termios before;
	char farewell[256]; /* what puts the terminal back, ready to be written */
	size_t farewell_len;
	sigset_t while_waiting;
	attr_t attributes[STYLE_COUNT];
	short pairs[STYLE_COUNT];
	struct cell *shown; /* what is on the screen */
	int width, height;
	int leader; /* pidfd, -1: none */
} term = { .leader = -1 };

static volatile sig_atomic_t ended_by, resumed, suspended;

static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
/* All others that kill: by a fault, or because somebody sent one that means nothing here. */
static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGTRAP, SIGUSR1,
			      SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGPOLL, SIGPIPE, SIGXCPU,
			      SIGXFSZ, SIGSTKFLT, SIGPWR };
static unsigned char fault_stack[FAULT_STACK];

static void on_end(int number)
{
	ended_by = number;
}

static void on_continue(int number)
{
	(void)number;
	resumed = 1;
}

static void on_suspend(int number)
{
	(void)number;
	suspended = 1;
}

static void write_farewell(void)
{
	if (write(STDOUT_FILENO, term.farewell, term.farewell_len) < 0) {
		/* nobody is left to be told */
	}
}

static void on_fault(int number)
{
	guard_hold(false);
	write_farewell();
	tcsetattr(STDIN_FILENO, TCSANOW, &term.before);
	raise(number); /* SA_RESETHAND: now it kills */
}

static void catch_faults(void)
{
	struct sigaction fault = { .sa_handler = on_fault,
				   .sa_flags = (int)SA_RESETHAND | SA_ONSTACK };
	stack_t stack = { .ss_sp = fault_stack, .ss_size = sizeof(fault_stack) };
	size_t i;

	sigaltstack(&stack, NULL);
	for (i = 0; i < ARRAY_SIZE(faults); i++)
		sigaction(faults[i], &fault, NULL);
}

static void catch_suspend(void)
{
	struct sigaction suspend = { .sa_handler = on_suspend };

	sigaction(SIGTSTP, &suspend, NULL);
}

static void catch_signals(void)
{
	struct sigaction end = { .sa_handler = on_end }, go_on = { .sa_handler = on_continue };
	sigset_t blocked;
	size_t i;

	sigemptyset(&blocked);
	for (i = 0; i < ARRAY_SIZE(ending); i++) {
		sigaction(ending[i], &end, NULL);
		sigaddset(&blocked, ending[i]);
	}
	sigaction(SIGCONT, &go_on, NULL);
	sigaddset(&blocked, SIGCONT);
	sigaddset(&blocked, SIGWINCH);
	catch_suspend();
	sigaddset(&blocked, SIGTSTP);
	if (term.leader >= 0) { /* see term.h */
		signal(SIGTTIN, SIG_IGN);
		signal(SIGTTOU, SIG_IGN);
	}
	sigprocmask(SIG_BLOCK, &blocked, &term.while_waiting);
	for (i = 0; i < ARRAY_SIZE(ending); i++)
		sigdelset(&term.while_waiting, ending[i]);
	sigdelset(&term.while_waiting, SIGCONT);
	sigdelset(&term.while_waiting, SIGWINCH);
	sigdelset(&term.while_waiting, SIGTSTP);
	catch_faults();
}

/* A capability without its padding ("$<2>"), which only tputs() knows how to wait for. */
static void add_farewell(const char *s)
{
	while (*s && term.farewell_len < sizeof(term.farewell)) {
		const char *end = !strncmp(s, "$<", 2) ? strchr(s, '>') : NULL;

		if (end)
			s = end + 1;
		else
			term.farewell[term.farewell_len++] = *s++;
	}
}

static void prepare_farewell(void)
{
	static const char *const names[] = { "sgr0", "op", "rmkx", "cnorm", "rmcup" };
	static const char mouse_off[] = "\033[?1006l\033[?1000l";
	size_t i;

	term.farewell_len = 0;
	if (tigetstr("kmous") != (char *)-1 && tigetstr("kmous"))
		add_farewell(mouse_off);
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		const char *s = tigetstr(names[i]);

		if (s && s != (char *)-1)
			add_farewell(s);
	}
}

static int colours_here(void)
{
	const char *no_color = getenv("NO_COLOR");

	if ((no_color && *no_color) || !has_colors() || start_color() == ERR ||
	    use_default_colors() == ERR || COLOR_PAIRS <= STYLE_COUNT)
		return 0;
	return COLORS;
}

static void prepare_styles(void)
{
	int colours = colours_here(), i;

	for (i = 0; i < STYLE_COUNT; i++) {
		struct look look = theme_look((enum style)i, colours);

		term.attributes[i] = (look.flags & LOOK_BOLD ? A_BOLD : 0) |
				     (look.flags & LOOK_DIM ? A_DIM : 0) |
				     (look.flags & LOOK_UNDERLINE ? A_UNDERLINE : 0) |
				     (look.flags & LOOK_REVERSE ? A_REVERSE : 0);
		term.pairs[i] = 0;
		if (look.colour >= 0 && init_pair((short)(i + 1), look.colour, -1) != ERR)
			term.pairs[i] = (short)(i + 1);
	}
}

/* Block elements need UTF-8 and a terminal later than those that had their own sets. */
static bool utf8_here(void)
{
	static const char *const old[] = { "vt", "dumb", "ansi", "wy" };
	const char *name = getenv("TERM");
	size_t i;

	for (i = 0; i < ARRAY_SIZE(old); i++)
		if (!name || !strncmp(name, old[i], strlen(old[i])))
			return false;
	return !strcmp(nl_langinfo(CODESET), "UTF-8");
}

static void term_size(void *ctx, int *width, int *height)
{
	(void)ctx;
	*width = COLS;
	*height = LINES;
}

/* A bar in reverse video is a hole: what is selected there is told by its row's mark. */
static attr_t attributes_of(const struct cell *cell)
{
	attr_t attributes = term.attributes[cell->style];

	if (cell->selected && !*style_fill(cell->style, true))
		attributes ^= A_REVERSE;
	return attributes;
}

static void show_row(const struct canvas *c, int y)
{
	const struct cell *row = canvas_cell(c, 0, y);
	int x;

	for (x = 0; x < c->width; x++) {
		if (!*row[x].text)
			continue;
		attr_set(attributes_of(&row[x]), term.pairs[row[x].style], NULL);
		/* The last cell of all: curses cannot move on from there and says so. */
		(void)mvaddstr(y, x, row[x].text);
	}
}

static void term_show(void *ctx, const struct canvas *c)
{
	size_t bytes = (size_t)c->width * sizeof(struct cell);
	bool all = c->width != term.width || c->height != term.height;
	int y;

	(void)ctx;
	if (all) {
		free(term.shown);
		term.shown = xcalloc((size_t)c->height, bytes);
		term.width = c->width;
		term.height = c->height;
		erase();
	}
	for (y = 0; y < c->height; y++) {
		const struct cell *row = canvas_cell(c, 0, y);
		struct cell *shown = &term.shown[(size_t)y * (size_t)c->width];

		if (!all && !memcmp(row, shown, bytes))
			continue;
		show_row(c, y);
		memcpy(shown, row, bytes);
	}
	refresh();
}

static int press_of_mouse(void)
{
	MEVENT event;

	if (getmouse(&event) != OK)
		return PRESS_NONE;
	if (event.bstate & BUTTON4_PRESSED)
		return PRESS_UP;
	if (event.bstate & BUTTON5_PRESSED)
		return PRESS_DOWN;
	if (!(event.bstate & BUTTON1_PRESSED) || event.x < 0 || event.y < 0 ||
	    event.x >= PRESS_CLICK_ROW || event.y >= PRESS_CLICK_ROW)
		return PRESS_NONE;
	return PRESS_CLICK + event.y * PRESS_CLICK_ROW + event.x;
}

static int press_of(wint_t key, bool special)
{
	static const struct {
		int key, press;
	} known[] = {
		{ KEY_UP, PRESS_UP }, { KEY_DOWN, PRESS_DOWN }, { KEY_LEFT, PRESS_LEFT },
		{ KEY_RIGHT, PRESS_RIGHT }, { KEY_PPAGE, PRESS_PAGE_UP },
		{ KEY_NPAGE, PRESS_PAGE_DOWN }, { KEY_HOME, PRESS_HOME }, { KEY_END, PRESS_END },
		{ KEY_BTAB, PRESS_BACK_TAB }, { KEY_RESIZE, PRESS_RESIZE },
		{ KEY_ENTER, PRESS_ENTER }, { KEY_BACKSPACE, PRESS_BACKSPACE },
	};
	size_t i;

	if (!special)
		return key == '\r' ? PRESS_ENTER : key == '\b' ? PRESS_BACKSPACE : (int)key;
	if (key == KEY_MOUSE)
		return press_of_mouse();
	for (i = 0; i < ARRAY_SIZE(known); i++)
		if ((int)key == known[i].key)
			return known[i].press;
	return PRESS_NONE;
}

/* Nobody tells those in the background of a new size. */
static void take_size(void)
{
	struct winsize ws;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) && ws.ws_row && ws.ws_col)
		resizeterm(ws.ws_row, ws.ws_col);
}

static void give_back(void)
{
	guard_hold(false);
	endwin();
}

/* After SIGSTOP and SIGCONT somebody else had the terminal, whatever curses thinks. */
static void take_back(void)
{
	resumed = 0;
	if (!isendwin())
		endwin();
	reset_prog_mode(); /* who is in the background still is stopped by this */
	take_size();
	guard_hold(true);
	clearok(curscr, TRUE);
	refresh();
}

static bool in_foreground(void)
{
	return term.leader < 0 || tcgetpgrp(STDIN_FILENO) == getpgrp();
}

/* As if nobody had caught it, so that the shell says what it says of everybody. */
static void stop_myself(void)
{
	sigset_t set;

	signal(SIGTSTP, SIG_DFL);
	raise(SIGTSTP);
	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
	catch_suspend();
}

/* Ctrl-Z: the screen first, then the leader, which the shell waits for, then ourselves. */
static void suspend(void)
{
	suspended = 0;
	give_back();
	if (term.leader < 0) {
		stop_myself();
	} else {
		pidfd_send_signal(term.leader, SIGSTOP, NULL, 0);
		raise(SIGSTOP);
	}
	take_back();
}

/* The leader was stopped or has died; the shell has the terminal, and its modes are the shell's. */
static void wait_for_foreground(void)
{
	write_farewell();
	while (!in_foreground() && !ended_by)
		ppoll(NULL, 0, &(struct timespec){ .tv_nsec = 50000000 }, &term.while_waiting);
	if (ended_by)
		return;
	endwin(); /* curses is to believe that it was away */
	take_back();
}

static int term_next(void *ctx, int ms)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	struct timespec wait = { ms / 1000, ms % 1000 * 1000000l };
	wint_t key;

	(void)ctx;
	for (;;) {
		int result, n;

		if (!in_foreground())
			wait_for_foreground();
		result = get_wch(&key);
		if (result != ERR)
			return press_of(key, result == KEY_CODE_YES);
		if (ended_by)
			return PRESS_QUIT;
		if (suspended || resumed) {
			suspended ? suspend() : take_back();
			return PRESS_RESIZE;
		}
		n = ppoll(&input, 1, ms < 0 ? NULL : &wait, &term.while_waiting);
		if (n == 0)
			return PRESS_NONE;
		if (n < 0 && errno != EINTR)
			return PRESS_QUIT;
		if (n > 0 && input.revents & (POLLHUP | POLLERR | POLLNVAL))
			return PRESS_QUIT;
	}
}

bool term_possible(void)
{
	int found;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) ||
	    tcgetattr(STDIN_FILENO, &term.before) ||
	    setupterm(NULL, STDOUT_FILENO, &found) == ERR)
		return false;
	prepare_farewell();
	return cursor_address != NULL;
}

/* Is there a cursor that can be moved? What only prints lines ("dumb") cannot show a screen. */
static int look_at_terminal(struct error *err)
{
	const char *name = getenv("TERM");
	int found;

	if (setupterm(NULL, STDOUT_FILENO, &found) == ERR)
		return error_class(err, ERROR_USAGE, -ENOTTY,
				   "nothing is known about the terminal '%s'; set TERM, or use "
				   "`coldprof report`", name ? name : "");
	if (!cursor_address)
		return error_class(err, ERROR_USAGE, -ENOTTY,
				   "the terminal '%s' only prints lines; set TERM, or use "
				   "`coldprof report`", name ? name : "");
	return 0;
}

void term_rescue(void)
{
	write_farewell();
	tcsetattr(STDIN_FILENO, TCSANOW, &term.before);
}

int term_open(struct app_io *io, int leader, struct error *err)
{
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return error_class(err, ERROR_USAGE, -ENOTTY,
				   "the terminal UI needs a terminal; `coldprof report` prints the "
				   "same numbers anywhere");
	if (look_at_terminal(err))
		return err->code;
	term.leader = leader;
	tcgetattr(STDIN_FILENO, &term.before);
	catch_signals();
	set_escdelay(ESCAPE_MS);
	term.screen = newterm(NULL, stdout, stdin);
	if (!term.screen)
		return error_class(err, ERROR_USAGE, -ENOMEM, "the terminal cannot be opened");
	catch_suspend(); /* newterm() took it */
	term.open = true;
	atexit(term_close);
	prepare_farewell();
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	curs_set(0);
	mouseinterval(0);
	mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
	prepare_styles();
	if (leader < 0)
		guard_start(write_farewell, term_rescue);
	*io = (struct app_io){ .size = term_size, .show = term_show, .next = term_next,
			       .utf8 = utf8_here() };
	return 0;
}

void term_close(void)
{
	if (!term.open)
		return;
	term.open = false;
	guard_hold(false);
	/* The shell's modes are its own business. */
	if (in_foreground())
		endwin();
	else
		write_farewell();
	delscreen(term.screen);
	free(term.shown);
	term.shown = NULL;
	term.width = term.height = 0;
	guard_end();
}

int term_signal(void)
{
	return ended_by;
}
