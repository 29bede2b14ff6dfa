package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"qlik-provision/provision"
	"qlik-provision/provision/text"
)

const (
	redrawEvery = 200 * time.Millisecond // on a terminal
	printEvery  = 10 * time.Second       // a line elsewhere
	speedWindow = 10 * time.Second       // the speed shown is that of the last seconds
	barColumns  = 80                     // from so many columns on there is room for a bar beside the words
)

// progress shows how far a run is: a line on a terminal, lines elsewhere.
type progress struct {
	out   *output
	now   func() provision.Progress
	total int
	bar   *progressbar.ProgressBar
	drawn int // columns of the line on the terminal; guarded by out.mu
	past  []mark
}

// A mark is how many rows were finished at one moment.
type mark struct {
	at       time.Time
	finished int
}

// follow shows how far a run of so many rows is, until the function it returns is called.
func (u *output) follow(now func() provision.Progress, total int) (stop func()) {
	p := &progress{out: u, now: now, total: total, bar: progressbar.NewOptions(max(total, 1),
		progressbar.OptionSetWriter(u.w),
		progressbar.OptionFullWidth(),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionUseANSICodes(u.colour),
		progressbar.OptionSetTheme(progressbar.Theme{Saucer: "█", SaucerPadding: " ", BarStart: "|", BarEnd: "|"}),
	)}
	every := printEvery
	if u.cursor {
		every = redrawEvery
		u.mu.Lock()
		u.progress = p
		u.mu.Unlock()
	}
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-quit:
				return
			case <-ticker.C:
			}
			p.show()
		}
	}()
	return func() {
		close(quit)
		<-done
		u.mu.Lock()
		defer u.mu.Unlock()
		p.clear()
		u.progress = nil
	}
}

// show shows how far the run is, except where somebody is asked: the question stands there. On a terminal that is a bar
// with words behind it, or the words alone where there is no room for both.
func (p *progress) show() {
	if !p.out.cursor {
		if s := p.now(); s.Waiting != provision.ReasonApproval {
			p.out.note(text.Grouped(s.Finished) + " of " + text.Plural(p.total, "row", "rows") + ", " + p.percent(s) +
				prefixed(", ", p.words(s)))
		}
		return
	}
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	s := p.now() // with the lock: no question is printed in the meantime
	if s.Waiting == provision.ReasonApproval {
		return
	}
	columns := p.out.columns()
	if columns != p.drawn {
		p.clear()
	}
	// A line that cannot be drawn is no reason to stop creating users.
	if p.drawn = columns; columns < barColumns {
		_, _ = fmt.Fprint(p.out.w, "\r"+fit(p.percent(s)+prefixed(" ", p.words(s)), columns-1)+"\r")
		return
	}
	p.bar.Describe(fit(p.words(s), columns/2+2))
	_ = p.bar.Set(min(s.Finished, p.total))
	_, _ = fmt.Fprint(p.out.w, "\r") // what the terminal echoes, as ^C, goes over the line and not into the next one
}

// clear takes the line off the terminal; the caller holds the output's lock.
func (p *progress) clear() {
	if p.drawn > 0 {
		_, _ = fmt.Fprint(p.out.w, "\r"+strings.Repeat(" ", min(p.drawn, p.out.columns())-1)+"\r")
	}
	p.drawn = 0
}

// percent is how many of the rows are settled, in percent.
func (p *progress) percent(s provision.Progress) string {
	return fmt.Sprintf("%d%%", 100*s.Finished/max(p.total, 1))
}

// words says what is going on: what the run waits for, or its speed, the failures so far, and the time that is left.
func (p *progress) words(s provision.Progress) string {
	var parts []string
	speed := p.speed(s.Finished)
	if s.Waiting != "" {
		wait := "waiting"
		if left := time.Until(s.Until); left > 0 {
			wait += " " + duration(left)
		}
		parts = append(parts, wait+" for "+string(s.Waiting))
	} else if speed != "" {
		parts = append(parts, speed)
	}
	if s.Failed > 0 {
		parts = append(parts, text.Grouped(s.Failed)+" failed")
	}
	if s.TimeLeft >= time.Second {
		parts = append(parts, "about "+duration(s.TimeLeft)+" left")
	}
	return strings.Join(parts, ", ")
}

// speed is how many rows were finished a second, or a minute, in the last seconds; "" where none was.
func (p *progress) speed(finished int) string {
	now := time.Now()
	p.past = append(p.past, mark{now, finished})
	for len(p.past) > 2 && now.Sub(p.past[1].at) >= speedWindow {
		p.past = p.past[1:]
	}
	first := p.past[0]
	perSecond := float64(finished-first.finished) / max(now.Sub(first.at).Seconds(), 1)
	switch {
	case finished == first.finished:
		return ""
	case perSecond < 1:
		return fmt.Sprintf("%.0f/min", perSecond*60)
	}
	return fmt.Sprintf("%.0f/s", perSecond)
}

// fit makes s so many columns wide, so that it overwrites what stood there.
func fit(s string, columns int) string {
	if runes := []rune(s); len(runes) > columns {
		s = string(runes[:max(columns-1, 0)]) + "…"
	}
	return fmt.Sprintf("%-*s", columns, s)
}
