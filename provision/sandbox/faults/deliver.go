package faults

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// ServeHTTP answers one request over a socket. It panics with http.ErrAbortHandler where the client is gone or the
// connection is to break.
func (i *Injector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a, err := i.answer(r)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	switch a.kind {
	case Reset:
		reset(w)
	case Hang:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case LongHeader:
		sendLongHeader(w, a.status)
	}
	a.setLength()
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	if a.kind == Switching {
		return // the client holds the connection
	}
	if err := sendBody(w, a.stream(r.Context()), a.kind == Cut || a.kind == Drip); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// setLength sets the Content-Length, where the length of the body is known.
func (a *answer) setLength() (length int64) {
	if a.kind == Endless || a.kind == GzipBomb || a.kind == Switching {
		a.header.Del("Content-Length")
		return -1
	}
	length = int64(len(a.body))
	if a.short {
		length++
	}
	if a.status != http.StatusNoContent {
		a.header.Set("Content-Length", strconv.FormatInt(length, 10))
	}
	return length
}

// sendBody copies a body to the client, where flush is set piece by piece. It returns what ended it early.
func sendBody(w http.ResponseWriter, body io.Reader, flush bool) error {
	flusher := http.NewResponseController(w)
	for buf := make([]byte, 16<<10); ; {
		n, err := body.Read(buf)
		_, gone := w.Write(buf[:n])
		if gone == nil && flush {
			gone = flusher.Flush()
		}
		if gone != nil || err == io.EOF {
			return gone
		}
		if err != nil {
			return err
		}
	}
}

// reset breaks the connection so that the client sees a reset (where it is TCP), and ends the handler.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil { // HTTP/2, where the panic resets the stream
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0) // without it the connection is closed, which breaks it as well
	}
	conn.Close()
	panic(http.ErrAbortHandler)
}

// sendLongHeader sends a header line without an end, until the client reads nothing for ten seconds or is gone.
func sendLongHeader(w http.ResponseWriter, status int) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer conn.Close()
	filler := []byte(strings.Repeat("x", 16<<10))
	_, err = fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\nX-Padding: ", status, http.StatusText(status))
	for err == nil {
		if err = conn.SetWriteDeadline(time.Now().Add(10 * time.Second)); err == nil {
			_, err = conn.Write(filler)
		}
	}
	panic(http.ErrAbortHandler)
}

// Transport reaches the tenant and its faults in process, as sandbox.Tenant.Transport does. Broken connections are the
// errors that a client sees, and gzip is expanded as net/http's transport does it. That transport also repeats a
// request by itself where a kept connection was reset and the request is a GET, say; this one does not.
func (i *Injector) Transport() http.RoundTripper { return transport{i} }

type transport struct{ injector *Injector }

func (tr transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer req.Body.Close()
	}
	ctx := req.Context()
	if err := wait(ctx, 0); err != nil {
		return nil, err
	}
	a, err := tr.injector.answer(req)
	if err != nil {
		return nil, err
	}
	switch a.kind {
	case Reset:
		return nil, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	case Hang:
		<-ctx.Done()
		return nil, context.Cause(ctx)
	case LongHeader:
		return nil, errors.New("net/http: server response headers exceeded 10485760 bytes; aborted")
	}
	resp := &http.Response{
		Status:     strconv.Itoa(a.status) + " " + http.StatusText(a.status),
		StatusCode: a.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		ContentLength: a.setLength(),
		Header:        a.header,
		Request:       req,
	}
	body := a.stream(ctx)
	if a.kind == GzipBomb && req.Header.Get("Accept-Encoding") == "" {
		resp.Header.Del("Content-Encoding")
		resp.Uncompressed = true
		if body, err = gzip.NewReader(body); err != nil {
			return nil, err
		}
	}
	resp.Body = &responseBody{ctx: ctx, body: body}
	return resp, nil
}

// responseBody ends when its request's context ends, or when it is closed.
type responseBody struct {
	ctx    context.Context // bounds reading, as in net/http
	body   io.Reader
	closed atomic.Bool
}

func (b *responseBody) Read(p []byte) (int, error) {
	if b.closed.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	if err := context.Cause(b.ctx); err != nil {
		return 0, err
	}
	return b.body.Read(p)
}

func (b *responseBody) Close() error {
	b.closed.Store(true)
	return nil
}
