package report

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// pageMark stands near the top of every page of ours, and lets the next one take its place.
const pageMark = `<meta name="generator" content="qlik-provision">`

// pageMarkWithin is how far from a page's beginning, in bytes, its mark stands at most.
const pageMarkWithin = 512

// pagePatience is how long a page is tried to be replaced while another program has it open, on systems that mind.
const pagePatience = 5 * time.Second

// A NotPageError says that a page would take the place of a file that is no page of ours.
type NotPageError struct{ Path string }

func (e *NotPageError) Error() string {
	return e.Path + " is there already, and is no page that was made of a result file"
}

// SavePage writes the page of the result file at results to the file at page: to a draft beside it first, which nobody else can
// read and which then takes its name. A page of ours that is there gives way; anything else is a *NotPageError. Besides, it fails
// as WritePage does.
func SavePage(page, results string) error {
	p, err := findPlace(page)
	var odd *NotResultsError
	if errors.As(err, &odd) { // a folder, a device
		return &NotPageError{page}
	}
	if err != nil {
		return err
	}
	if err := mayReplace(p); err != nil {
		return err
	}
	draft, err := p.draft()
	if err != nil {
		return fmt.Errorf("writing %s: %w", page, err)
	}
	err = writeDraft(p, draft, results)
	if err == nil {
		if err = p.replace(draft.Name(), pagePatience); err != nil {
			err = fmt.Errorf("writing %s: %w", page, err)
		}
	}
	if err != nil {
		return errors.Join(err, remove(draft.Name(), 0))
	}
	return nil
}

func writeDraft(p place, draft *os.File, results string) error {
	out := bufio.NewWriterSize(draft, 64<<10)
	err := WritePage(out, results)
	if err == nil {
		err = out.Flush()
	}
	if err == nil {
		err = p.sync(draft)
	}
	return errors.Join(err, draft.Close())
}

// mayReplace is nil where there is nothing at p, or a page of ours.
func mayReplace(p place) error {
	file, err := os.Open(p.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	head, err := io.ReadAll(io.LimitReader(file, pageMarkWithin))
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("looking at %s: %w", p.name, err)
	}
	if !bytes.Contains(head, []byte(pageMark)) {
		return &NotPageError{p.name}
	}
	return nil
}
