package report

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/csvfile"
)

// journalMagic begins a journal's first line; process, host and start of the run follow.
const journalMagic = "qlik-provision journal 2"

// syncInterval is how long a result is only with the operating system, not yet on the disk, at most.
const syncInterval = time.Second

// A journal takes the results of a run as they come: a line each, the cells of an Entry and a checksum of
// them, separated by commas. It is safe for concurrent use, but for close, which is the last call.
type journal struct {
	files files
	file  *os.File
	timer *time.Timer // syncs what the first line wrote that is not synced

	mu       sync.Mutex // guards what follows, and the file
	size     int64      // of the whole lines
	unsynced bool
	failed   error // of a sync: what was written may not last
}

// startJournal creates the journal of f, with its first line on the disk.
func startJournal(f files) (*journal, error) {
	file, err := f.create(f.journalPath())
	if err != nil {
		return nil, fmt.Errorf("creating %s: %w", f.journalName(), err)
	}
	j := &journal{files: f, file: file}
	j.timer = time.AfterFunc(syncInterval, func() { j.sync() }) // append and close return its error
	host, _ := os.Hostname()
	head := []string{journalMagic, strconv.Itoa(os.Getpid()), cmp.Or(cleanCell(host), "unknown host"),
		time.Now().UTC().Format(time.RFC3339)}
	if err = j.append(head); err == nil {
		err = errors.Join(j.sync(), f.syncFolder())
	}
	if err != nil {
		return nil, errors.Join(err, j.close(), os.Remove(f.journalPath()))
	}
	return j, nil
}

// record appends an entry, and returns when the operating system has all of its line.
func (j *journal) record(e Entry) error { return encodeEntries([1]Entry{e}, j.append) }

// append writes a line. What the system took of a line that it did not take as a whole is cut off again; where
// that fails, the next line is written over it.
func (j *journal) append(cells []string) error {
	line := journalLine(cells)
	j.mu.Lock()
	defer j.mu.Unlock()
	path, err := j.files.journalPath(), j.failed
	if err == nil {
		err = j.files.do("write", path, func() error {
			_, err := j.file.WriteAt(line, j.size)
			return err
		})
		if err != nil {
			err = errors.Join(err, j.files.do("truncate", path, func() error { return j.file.Truncate(j.size) }))
		}
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", j.files.journalName(), err)
	}
	j.size += int64(len(line))
	if !j.unsynced {
		j.unsynced = true
		j.timer.Reset(syncInterval)
	}
	return nil
}

// sync syncs what was written. An error stays: the system does not report it a second time, and what was
// written may be lost.
func (j *journal) sync() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.unsynced && j.failed == nil {
		j.failed = j.files.do("sync", j.files.journalPath(), j.file.Sync)
	}
	j.unsynced = false
	return j.failed
}

// close syncs a last time and closes the file.
func (j *journal) close() error {
	j.timer.Stop()
	return errors.Join(j.sync(), j.file.Close())
}

// journalLine is a line of the journal. Cells have no line ends.
func journalLine(cells []string) []byte {
	line := make([]byte, 0, 512) // holds most lines
	for i, cell := range cells {
		if i > 0 {
			line = append(line, ',')
		}
		line = csvfile.AppendCell(line, cell, ',')
	}
	return fmt.Appendf(line, ",%08x\n", checksum(line))
}

// parseLine reads a line that journalLine made; ok is false where it is not a whole one.
func parseLine(line []byte) (cells []string, ok bool) {
	body := line[:max(0, len(line)-len(",00000000"))]
	if string(line[len(body):]) != fmt.Sprintf(",%08x", checksum(body)) {
		return nil, false
	}
	cells, err := csv.NewReader(strings.NewReader(string(body))).Read()
	return cells, err == nil
}

// A replay is what could be read of a journal.
type replay struct {
	holder  string  // whose run: process, host and since when
	entries []Entry // as they came
	damaged int     // lines from the first on that is not whole
}

// maxLine bounds a line of a journal, in bytes. A longer one is not ours, and ends the reading.
const maxLine = 1 << 20

// readJournal reads a journal to its first line that is not whole: what was to follow it is unknown.
func readJournal(in io.Reader) (replay, error) {
	var j replay
	var cells [][]string
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	for first := true; lines.Scan(); first = false {
		row, ok := parseLine(lines.Bytes())
		switch {
		case !ok || j.damaged > 0 || first && (len(row) != 4 || row[0] != journalMagic):
			j.damaged++
		case first:
			j.holder = fmt.Sprintf("process %s on %s, since %s", row[1], row[2], row[3])
		case len(row) == blockSize:
			cells = append(cells, row)
		default:
			cells = append(cells, make([]string, blockSize)) // of no row
		}
	}
	err := lines.Err()
	if errors.Is(err, bufio.ErrTooLong) {
		j.damaged++
		err = nil
	}
	if err == nil {
		j.entries, err = decodeEntries(cells)
	}
	return j, err
}

// readHolder says whose journal stands at path.
func readHolder(path string) string {
	if file, err := openRegular(path); err == nil {
		defer file.Close()
		j, err := readJournal(io.LimitReader(file, 4<<10)) // the first line is far shorter
		if err == nil && j.holder != "" {
			return j.holder
		}
	}
	return "it has not yet recorded who it is"
}

// merge merges a journal's results into the rows, and returns how many of them belong to a row: to that whose number
// and check they have, and tenant, too.
func (r *ResultFile) merge(j replay) (belonging int) {
	for _, e := range j.entries {
		row := r.find(int(e.Row))
		if row == nil || !slices.Contains(provision.Outcomes(), e.Outcome) {
			continue
		}
		was := &row.Entry
		isTenants := was.Tenant == "" || strings.EqualFold(e.Tenant, was.Tenant)
		if !isTenants || !strings.EqualFold(e.Check, was.Check) {
			continue
		}
		belonging++
		undone := was.Outcome == provision.Created &&
			(e.Outcome == provision.Deleted || e.Code == provision.CodeNotCreatedHere)
		if undone || !was.Outcome.Done() {
			*was = e
		}
	}
	return belonging
}
