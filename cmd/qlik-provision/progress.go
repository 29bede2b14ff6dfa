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

// follow shows how far a run of so many rows is, until the function it returns is called. A run that does not end soon
// after ctx is done waits for requests, and it says so.
func (u *output) follow(ctx context.Context, now func() provision.Progress, total int) (stop func()) {
	p := &progress{out: u, now: now, total: total, began: time.Now(), bar: progressbar.NewOptions(max(total, 1),
		progressbar.OptionSetWriter(u.w),
		progressbar.OptionFullWidth(),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionUseANSICodes(u.colour),
	)}
	every := 10 * time.Second
	if u.cursor {
		every = 200 * time.Millisecond
	}
	quit, interrupted := make(chan struct{}), ctx.Done()
	var soon <-chan time.Time
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
				interrupted, soon = nil, time.After(100*time.Millisecond)
			case <-soon:
				u.note("interrupted: waiting for requests in flight, 10 s at most; a second Ctrl-C does not wait")
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
	if !u.cursor {
		_, _ = fmt.Fprintln(u.w, p.words(s))
		return
	}
	const most, bar = 50, 14 // columns of the words, and of the percentage with the smallest bar
	u.drawn = u.columns()
	width := max(min(u.drawn-bar, most), 0)
	// A line that cannot be drawn is no reason to stop creating users.
	_ = p.bar.Set(min(s.Finished, p.total))
	p.bar.Describe(fmt.Sprintf("%-*.*s", width, width, p.words(s))) // so wide that it overwrites what stood there
	// What the terminal echoes, as ^C, goes over the line and not into the next one.
	_, _ = fmt.Fprint(u.w, "\r")
}

// words say what the run waits for, or its speed, the failures so far, the time that is left, and how far it is: what
// matters most comes first, since the end may not be shown.
func (p *progress) words(s provision.Progress) string {
	var words []string
	switch left := time.Until(s.Until); {
	case s.Waiting != "" && left > 0:
		words = append(words, "waiting "+duration(left)+" for "+string(s.Waiting))
	case s.Waiting != "":
		words = append(words, "waiting for "+string(s.Waiting))
	case s.Finished > 0:
		words = append(words, fmt.Sprintf("%.1f/s", float64(s.Finished)/max(time.Since(p.began).Seconds(), 1)))
	}
	if s.Failed > 0 {
		words = append(words, text.Grouped(s.Failed)+" failed")
	}
	if s.TimeLeft >= time.Second {
		words = append(words, "about "+duration(s.TimeLeft)+" left")
	}
	words = append(words, text.Grouped(s.Finished)+" of "+text.Plural(p.total, "row", "rows"))
	return strings.Join(words, ", ")
}
