package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"qlik-provision/provision"
	"qlik-provision/provision/text"
)

// progress shows how far a run is: a line on a terminal, lines elsewhere.
type progress struct {
	out   *output
	now   func() provision.Progress
	total int
	began time.Time
	bar   *progressbar.ProgressBar
}

const (
	redrawEvery = 200 * time.Millisecond // on a terminal
	printEvery  = 10 * time.Second       // a line elsewhere
	mostWords   = 50                     // columns of the words beside the bar
	besideWords = 14                     // columns that the percentage and the smallest bar take
)

// follow shows how far a run of so many rows is, until the function it returns is called. When ctx is done it says what
// the run waits for then.
func (u *output) follow(ctx context.Context, now func() provision.Progress, total int) (stop func()) {
	p := &progress{out: u, now: now, total: total, began: time.Now(), bar: progressbar.NewOptions(max(total, 1),
		progressbar.OptionSetWriter(u.w),
		progressbar.OptionFullWidth(),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionUseANSICodes(u.colour),
		progressbar.OptionSetTheme(progressbar.Theme{Saucer: "█", SaucerPadding: " ", BarStart: "|", BarEnd: "|"}),
	)}
	every := printEvery
	if u.cursor {
		every = redrawEvery
	}
	quit, interrupted := make(chan struct{}), ctx.Done()
	var shown sync.WaitGroup
	shown.Go(func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-quit:
				return
			case <-ticker.C:
				p.show()
			case <-interrupted:
				u.note("interrupted: waiting for requests in flight, 10 s at most; a second Ctrl-C does not wait")
				interrupted = nil
			}
		}
	})
	return func() {
		close(quit)
		shown.Wait()
		u.print("")
	}
}

// show shows how far the run is, except where somebody is asked: the question stands there. On a terminal that is a
// bar with words behind it, which output.print takes away.
func (p *progress) show() {
	u := p.out
	u.mu.Lock()
	defer u.mu.Unlock()
	s := p.now() // with the lock: no question is printed in the meantime
	if s.Waiting == provision.ReasonApproval {
		return
	}
	rows := text.Grouped(s.Finished) + " of " + text.Plural(p.total, "row", "rows")
	if !u.cursor {
		_, _ = fmt.Fprintln(u.w, strings.Join(append([]string{rows}, p.words(s)...), ", "))
		return
	}
	u.drawn = u.columns()
	words := strings.Join(append(p.words(s), rows), ", ")
	// A line that cannot be drawn is no reason to stop creating users.
	_ = p.bar.Set(min(s.Finished, p.total))
	p.bar.Describe(fit(words, min(u.drawn-besideWords, mostWords)))
	_, _ = fmt.Fprint(u.w, "\r") // what the terminal echoes, as ^C, goes over the line and not into the next one
}

// words say what is going on: what the run waits for, or its speed, the failures so far, and the time that is left.
func (p *progress) words(s provision.Progress) (words []string) {
	perSecond := float64(s.Finished) / max(time.Since(p.began).Seconds(), 1)
	wait := ""
	if left := time.Until(s.Until); left > 0 {
		wait = " " + duration(left)
	}
	switch {
	case s.Waiting != "":
		words = append(words, "waiting"+wait+" for "+string(s.Waiting))
	case perSecond >= 1:
		words = append(words, fmt.Sprintf("%.0f/s", perSecond))
	case s.Finished > 0:
		words = append(words, fmt.Sprintf("%.0f/min", perSecond*60))
	}
	if s.Failed > 0 {
		words = append(words, text.Grouped(s.Failed)+" failed")
	}
	if s.TimeLeft >= time.Second {
		words = append(words, "about "+duration(s.TimeLeft)+" left")
	}
	return words
}

// fit makes s so many columns wide, so that it overwrites what stood there.
func fit(s string, columns int) string {
	if runes := []rune(s); len(runes) > columns {
		s = string(runes[:max(columns-1, 0)]) + "…"
	}
	return fmt.Sprintf("%-*s", columns, s)
}
