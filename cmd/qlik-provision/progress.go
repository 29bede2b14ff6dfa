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
	redraw   = 200 * time.Millisecond // on a terminal
	sayFirst = 5 * time.Second        // elsewhere: a line as often as this in the first minute,
	sayLater = 10 * time.Second       // and this afterwards
	rateOver = 10 * time.Second       // the speed shown is that of the last seconds
	wideRoom = 42                     // columns for the words behind the bar,
	slimRoom = 14                     // or, where there are not so many, for a few of them
	leastBar = 4                      // columns
)

// progress shows how far a run is: a bar on a terminal, lines elsewhere.
type progress struct {
	out    *output
	now    func() provision.Progress
	total  int
	began  time.Time
	paused bool // guarded by out.mu
	past   []mark

	bar     *progressbar.ProgressBar // nil where stderr is no terminal
	columns int
}

type mark struct {
	at      time.Time
	settled int
}

// follow shows how far a run of so many rows is, until the function it returns is called.
func (u *output) follow(now func() provision.Progress, total int) (stop func()) {
	p := &progress{out: u, now: now, total: total, began: time.Now()}
	every := sayFirst
	if u.cursor {
		every = redraw
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
			if !u.cursor && time.Since(p.began) > time.Minute {
				ticker.Reset(sayLater)
			}
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

func (p *progress) show() {
	s := p.now()
	if !p.out.cursor {
		percent := 0
		if p.total > 0 {
			percent = 100 * s.Finished / p.total
		}
		p.out.note(fmt.Sprintf("%s of %s, %d%%%s", text.Grouped(s.Finished),
			text.Plural(p.total, "row", "rows"), percent, prefixed(", ", p.words(s, time.Now(), true))))
		return
	}
	p.out.mu.Lock()
	defer p.out.mu.Unlock()
	if p.paused {
		return
	}
	columns := p.out.columns()
	if p.bar == nil || columns != p.columns {
		p.clear()
		p.columns, p.bar = columns, nil
		if p.room() < 0 {
			return // a line that is longer than the terminal is wide would be a new one each time
		}
		p.bar = p.newBar()
	}
	p.bar.Describe(p.fit(p.words(s, time.Now(), p.room() == wideRoom)))
	// A bar that cannot be drawn is no reason to stop creating users.
	_ = p.bar.Set(min(s.Finished, p.total))
}

// clear takes the bar off the screen; the caller holds the ui's lock.
func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

// beside is how many columns the line takes without its bar and its words.
func (p *progress) beside() int { return len(" 100% || (/) ") + 2*len(fmt.Sprint(p.total)) + 1 }

// room is how many columns the words behind the bar have; less than none where not even a bar has any.
func (p *progress) room() int {
	left := p.columns - p.beside() - leastBar
	switch {
	case left >= wideRoom:
		return wideRoom
	case left >= slimRoom:
		return slimRoom
	}
	return left
}

// fit makes the words as wide as their room, so that what stood there before is overwritten.
func (p *progress) fit(words string) string {
	runes := []rune(words)
	switch room := p.room(); {
	case room == 0:
		return ""
	case len(runes) > room:
		return string(runes[:room-1]) + "…"
	default:
		return words + strings.Repeat(" ", room-len(runes))
	}
}

func (p *progress) newBar() *progressbar.ProgressBar {
	return progressbar.NewOptions(p.total,
		progressbar.OptionSetWriter(p.out.w),
		progressbar.OptionSetWidth(p.columns-p.beside()-p.room()),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionUseANSICodes(p.out.colour),
		progressbar.OptionSetTheme(progressbar.Theme{Saucer: "█", SaucerPadding: " ", BarStart: "|", BarEnd: "|"}),
	)
}

// words says what is going on: what it waits for, or the speed, the failures so far and the time that is left.
func (p *progress) words(s provision.Progress, now time.Time, wide bool) string {
	var parts []string
	waiting := s.Waiting != "" && s.Waiting != provision.ReasonPace
	if waiting {
		wait := "waiting"
		if s.Until.After(now) {
			wait += " " + short(s.Until.Sub(now))
		}
		if wide {
			wait += " for " + string(s.Waiting)
		}
		parts = append(parts, wait)
	}
	if per := p.speed(s.Finished, now); per != "" && wide && !waiting {
		parts = append(parts, per)
	}
	if s.Failed > 0 && (wide || !waiting) {
		parts = append(parts, fmt.Sprintf("%d failed", s.Failed))
	}
	if s.TimeLeft >= time.Second && (!waiting || !p.out.cursor) {
		left := "~" + short(s.TimeLeft)
		if wide {
			about := "about"
			if s.UpperBound {
				about = "at most"
			}
			left = about + " " + short(s.TimeLeft) + " left"
		}
		parts = append(parts, left)
	}
	if wide {
		return strings.Join(parts, ", ")
	}
	return strings.Join(parts, " ")
}

// speed is how many rows were settled a second, lately.
func (p *progress) speed(settled int, now time.Time) string {
	p.past = append(p.past, mark{now, settled})
	for len(p.past) > 2 && now.Sub(p.past[1].at) >= rateOver {
		p.past = p.past[1:]
	}
	first := p.past[0]
	elapsed := now.Sub(first.at).Seconds()
	if elapsed < 1 || settled == first.settled {
		return ""
	}
	perSecond := float64(settled-first.settled) / elapsed
	if perSecond < 1 {
		return fmt.Sprintf("%.0f/min", perSecond*60)
	}
	return fmt.Sprintf("%.0f/s", perSecond)
}

// short writes a duration as people read it: 12s, 4m12s, 1h05m.
func short(d time.Duration) string {
	d = (d + time.Second - 1).Truncate(time.Second)
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case h > 0:
		return fmt.Sprintf("%dh%02dm", h, m)
	case m > 0:
		return fmt.Sprintf("%dm%02ds", m, s)
	}
	return fmt.Sprintf("%ds", s)
}
