package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/term"

	"qlik-provision/provision"
	"qlik-provision/provision/text"
)

// approve is asked once, after everybody was looked up and before the first write. On a terminal it shows the plan,
// and asks.
func (s *session) approve(ctx context.Context, p provision.Plan) error {
	s.plan = &p
	writes := p.Writes()
	switch most := s.max; {
	case most > 0 && writes > most:
		return &failure{code: exitRun,
			err: fmt.Errorf("%s needed, more than --max %d; nothing was sent",
				text.Plural(writes, "write is", "writes are"), most),
			hint: choice("check the file; if that many are intended", s.given.with("max", strconv.Itoa(writes)))}
	case s.dryRun:
		return errPlanned
	case writes == 0 || !s.asks():
		return nil
	}
	question, want := s.question(p)
	return s.ask(ctx, s.table(s.ledger.Summary(), true)+"\n"+question, want, s.again().String())
}

// question is what is asked, and the answer that consents: y, or the count where that is hard to undo.
func (s *session) question(p provision.Plan) (question, want string) {
	n := p.Writes()
	users := text.Plural(n, "user", "users") + " on " + s.tenantName()
	if limit := s.runOptions.Limit; limit > 0 && limit < n {
		n = limit
		users = text.Grouped(n) + " of " + users
	}
	var verbs []string
	for _, w := range plannedWrites(s.runOptions.Task, p) {
		if w.n > 0 {
			verbs = append(verbs, w.verb)
		}
	}
	verb, warning := strings.Join(verbs, " or "), ""
	switch {
	case p.Delete > 0:
		warning = "this deletes accounts, with their personal data; what they own has no owner afterwards\n"
	case p.Change > 0 && s.runOptions.Update.Status:
		warning = "disabled users among them are enabled again\n"
	case p.Disable == 0:
		return verb + " " + users + "? [y/N] ", "y"
	}
	return fmt.Sprintf("%stype %d to %s %s: ", warning, n, verb, users), strconv.Itoa(n)
}

// requireYes is an error where a command that takes something away cannot ask, and nobody said yes.
func (c *config) requireYes() error {
	taking := map[provision.Task]string{provision.Disable: "disabling users", provision.Delete: "deleting users"}
	what, takes := taking[c.runOptions.Task]
	if !takes || c.yes || c.sandbox || c.dryRun || c.interactive() {
		return nil
	}
	return usage(errors.New(what+" needs confirmation, and standard input or standard error is not a terminal"),
		choice("if it is intended", c.given.with("yes", "")))
}

// asks reports whether a run asks before its first write.
func (s *session) asks() bool {
	return s.interactive() && !s.sandbox && !s.yes && !s.dryRun
}

// interactive reports whether somebody can be asked: standard input and standard error are terminals.
func (a *app) interactive() bool {
	in, ok := a.stdin.(*os.File)
	return ok && a.out.terminal && term.IsTerminal(int(in.Fd()))
}

// ask prints a question. Another answer than the one that is wanted is a failure with this hint.
func (a *app) ask(ctx context.Context, question, want, hint string) error {
	a.out.print(question)
	line, err := untilDone(ctx, func() (string, error) { return a.answers.ReadString('\n') })
	if err != nil {
		a.out.print("\n") // nobody pressed Enter
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	answer := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(line)), ",", "")
	if answer == want || want == "y" && answer == "yes" {
		return nil
	}
	return &failure{code: exitInterrupted, err: errors.New("declined; nothing was written to the tenant"), hint: hint}
}

// untilDone calls read, and returns early when ctx is done. A read of a terminal or a pipe cannot be cancelled: it
// stays behind in its goroutine then, which is harmless, since nothing else is read and the program is about to end.
func untilDone[T any](ctx context.Context, read func() (T, error)) (T, error) {
	var value, none T
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		value, err = read()
	}()
	select {
	case <-done:
		return value, err
	case <-ctx.Done():
		return none, context.Cause(ctx)
	}
}
