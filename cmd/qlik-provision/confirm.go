package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/term"

	"qlik-provision/provision"
	"qlik-provision/provision/text"
)

// interactive reports whether somebody can be asked: standard input and standard error are terminals.
func (a *app) interactive() bool {
	in, ok := a.stdin.(*os.File)
	return ok && a.out.terminal && term.IsTerminal(int(in.Fd()))
}

// asks reports whether a run asks before its first write.
func (s *session) asks() bool {
	return s.app.interactive() && !s.config.sandbox && !s.config.yes && !s.planOnly
}

// requireYes is an error where a command that takes something away cannot ask, and nobody said yes.
func (a *app) requireYes(c *config, what string) error {
	if c.yes || c.sandbox || c.dryRun || a.interactive() {
		return nil
	}
	first := "check first with --dry-run; if it is intended"
	if c.given.name == "retry" {
		first = "if it is intended"
	}
	return usage(fmt.Errorf("%s needs confirmation, and standard input or standard error is not a terminal", what),
		choice(first, c.given.switched("yes")))
}

// approve is asked once, after everybody was looked up and before the first write.
func (s *session) approve(ctx context.Context, p provision.Plan) error {
	s.plan = &p
	writes := p.Writes()
	switch most := s.config.max; {
	case most > 0 && writes > most:
		return &failure{code: exitRun,
			err: fmt.Errorf("%s needed, more than --max %d; nothing was sent",
				text.Plural(writes, "write is", "writes are"), most),
			hint: choice("check the file; if that many are intended", s.config.given.with("max", strconv.Itoa(writes)))}
	case s.planOnly:
		return errPlanned
	case writes == 0 || !s.asks():
		return nil
	}
	if !s.ask(ctx, p) {
		return &failure{code: exitInterrupted, err: errors.New("declined; nothing was written to the tenant"),
			hint: s.again.String()}
	}
	return nil
}

// ask shows what will be sent and waits for an answer.
func (s *session) ask(ctx context.Context, p provision.Plan) bool {
	var b strings.Builder
	fmt.Fprintf(&b, "\ntenant: %s\n", s.config.tenantName())
	lines := planLines(s.config.run.Task, p)
	switch s.config.run.Task {
	case provision.Create:
		lines = append(lines, tableLine{label: "existing", n: p.Existing}, tableLine{label: "conflicts", n: p.Conflicts})
	case provision.Disable:
		lines = append(lines, tableLine{label: "unchanged", n: p.Existing}, tableLine{label: "conflicts", n: p.Conflicts})
	}
	for _, line := range lines {
		fmt.Fprintf(&b, "  %-*s %*s\n", widestLabel, line.label, len(text.Grouped(p.Writes()+p.Existing+p.Conflicts)),
			text.Grouped(line.n))
	}
	fmt.Fprintf(&b, "  %s\n", about(p.Estimate))
	for _, line := range s.firstPersons() {
		b.WriteString("  " + printable(line) + "\n")
	}
	question, want := s.question(p)
	s.app.out.pause()
	defer s.app.out.resume()
	s.app.out.print(b.String() + question)
	answer, err := s.app.readLine(ctx)
	if err != nil {
		s.app.out.print("\n")
		return false
	}
	answer = strings.ToLower(strings.TrimSpace(answer))
	if want == "" {
		return answer == "y" || answer == "yes"
	}
	return strings.ReplaceAll(answer, ",", "") == want
}

// question is what is asked; want is the count that has to be typed, "" where y does.
func (s *session) question(p provision.Plan) (question, want string) {
	n := p.Writes()
	if limit := s.config.limit; limit > 0 {
		n = min(n, limit)
	}
	users := text.Plural(n, "user", "users")
	if n < p.Writes() {
		users = text.Grouped(n) + " of " + text.Plural(p.Writes(), "user", "users")
	}
	users += " on " + s.config.tenantName()
	count := strconv.Itoa(n)
	verb := "create"
	switch {
	case p.Change > 0 && p.Create > 0:
		verb = "create or change"
	case p.Change > 0:
		verb = "change"
	}
	switch {
	case s.config.run.Task == provision.Delete:
		return "this deletes " + users + ", with their personal data; what they own has no owner afterwards\ntype " +
			count + " to delete them: ", count
	case s.config.run.Task == provision.Disable:
		return "type " + count + " to disable " + users + ": ", count
	case s.config.run.Update.Status && p.Change > 0:
		return "disabled users among them are enabled again\ntype " + count + " to " + verb + " " + users + ": ", count
	}
	return verb + " " + users + "? [y/N] ", ""
}

// firstPersons are the lines that show a wrong encoding or a wrong column before it is sent.
func (s *session) firstPersons() []string {
	var lines []string
	for _, p := range s.first() {
		parts := []string{p.Subject}
		for _, part := range []string{p.Name, p.Email, strings.Join(p.Roles, "; ")} {
			if part != "" {
				parts = append(parts, part)
			}
		}
		lines = append(lines, "first: "+strings.Join(parts, " · "))
	}
	if len(lines) > 1 {
		lines[1] = "first non-ASCII name: " + strings.TrimPrefix(lines[1], "first: ")
	}
	return lines
}

// first are the first person of the rows that are to be sent, and the first whose name has a letter beyond ASCII.
func (s *session) first() []provision.Person {
	var persons []provision.Person
	for _, row := range s.ledger.Pending() {
		if row.LookupOnly {
			continue
		}
		beyond := strings.ContainsFunc(row.Person.Name, func(r rune) bool {
			return r > unicode.MaxASCII && unicode.IsLetter(r)
		})
		if len(persons) == 0 || beyond {
			persons = append(persons, row.Person)
		}
		if beyond {
			break
		}
	}
	return persons
}

// readLine reads a line of standard input, or ends with the context.
func (a *app) readLine(ctx context.Context) (string, error) {
	in, closeIn := a.openInput(ctx)
	defer closeIn()
	line, err := bufio.NewReader(io.LimitReader(in, 1<<10)).ReadString('\n')
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if err != nil && line == "" {
		return "", err
	}
	return line, nil
}

// openInput is standard input, in a form whose reads end with the context where the system has one.
func (a *app) openInput(ctx context.Context) (in io.Reader, closeIn func()) {
	file, ok := a.stdin.(*os.File)
	if !ok {
		return a.stdin, func() {}
	}
	// Opened again it has a state of its own: a read of it can be ended, and nobody else's is.
	own, err := os.Open("/dev/stdin")
	if err != nil || own.SetReadDeadline(time.Time{}) != nil {
		if err == nil {
			_ = own.Close()
		}
		return untilDone(ctx, file)
	}
	stop := context.AfterFunc(ctx, func() { _ = own.SetReadDeadline(time.Unix(1, 0)) })
	return own, func() {
		stop()
		_ = own.Close()
	}
}

// untilDone reads r in a goroutine, so that whoever waits for it can go. The goroutine ends with its read.
func untilDone(ctx context.Context, r io.Reader) (io.Reader, func()) {
	reader, writer := io.Pipe()
	go func() {
		_, err := io.Copy(writer, r)
		writer.CloseWithError(err)
	}()
	stop := context.AfterFunc(ctx, func() { reader.CloseWithError(context.Cause(ctx)) })
	return reader, func() {
		stop()
		_ = reader.Close()
	}
}
