package faults

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Transport reaches the tenant and its faults in process, as sandbox.Tenant.Transport does. Broken connections are the
// errors that a client sees, and gzip is expanded as net/http's transport does it. That transport also repeats a
// request by itself where a kept connection was reset and the request is a GET, say; this one does not.
func (i *Injector) Transport() http.RoundTripper { return transport{i} }

type transport struct{ injector *Injector }

func (tr transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		defer req.Body.Close()
	}
	if err := wait(req.Context(), 0); err != nil {
		return nil, err
	}
	resp, err := tr.injector.respond(req)
	if err == nil && resp.Header.Get("Content-Encoding") == "gzip" && req.Header.Get("Accept-Encoding") == "" {
		resp.Header.Del("Content-Encoding")
		resp.Uncompressed = true
		z, err := gzip.NewReader(resp.Body)
		if err != nil {
			return nil, err
		}
		resp.Body = io.NopCloser(z)
	}
	return resp, err
}

var (
	errReset      = &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	errLongHeader = errors.New("net/http: server response headers exceeded 10485760 bytes; aborted")
)

// respond answers a request. An error is what a client makes of the lack of an answer.
func (i *Injector) respond(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	a, err := i.answer(req)
	switch {
	case err != nil:
		return nil, err
	case a.kind == Reset:
		return nil, errReset
	case a.kind == LongHeader:
		return nil, errLongHeader
	case a.kind == Hang:
		<-ctx.Done()
		return nil, context.Cause(ctx)
	}
	resp := &http.Response{
		Status:     strconv.Itoa(a.status) + " " + http.StatusText(a.status),
		StatusCode: a.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		ContentLength: int64(len(a.body)),
		Header:        a.header,
		Request:       req,
	}
	if a.short {
		resp.ContentLength++
	}
	if a.kind == Endless || a.kind == GzipBomb || a.kind == Switching {
		resp.ContentLength = -1
	}
	body := a.stream(ctx)
	resp.Body = io.NopCloser(readFunc(func(p []byte) (int, error) {
		if err := wait(ctx, 0); err != nil { // the context bounds reading, as in net/http
			return 0, err
		}
		return body.Read(p)
	}))
	return resp, nil
}

// ServeHTTP answers one request over a socket. It panics with http.ErrAbortHandler where the client is gone or the
// connection is to break.
func (i *Injector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	resp, err := i.respond(r)
	switch {
	case err == errReset:
		hijack(w, func(conn net.Conn) {
			if tcp, ok := conn.(*net.TCPConn); ok {
				tcp.SetLinger(0) // sends a reset; where it fails, closing breaks the connection as well
			}
		})
	case err == errLongHeader:
		hijack(w, sendLongHeader)
	case err != nil:
		panic(http.ErrAbortHandler)
	}
	resp.Header.Del("Content-Length")
	if resp.ContentLength >= 0 && resp.StatusCode != http.StatusNoContent {
		resp.Header.Set("Content-Length", strconv.FormatInt(resp.ContentLength, 10))
	}
	for name, values := range resp.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(resp.StatusCode)
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return // the client keeps the connection
	}
	flusher := http.NewResponseController(w)
	err = flusher.Flush()
	for buf := make([]byte, 16<<10); err == nil; {
		var n int
		n, err = resp.Body.Read(buf)
		if _, gone := w.Write(buf[:n]); gone != nil {
			err = gone
		} else if gone := flusher.Flush(); gone != nil {
			err = gone
		}
	}
	if err != io.EOF {
		panic(http.ErrAbortHandler)
	}
}

// hijack passes the connection to a function, closes it, and ends the handler. Over HTTP/2 it resets the stream.
func hijack(w http.ResponseWriter, use func(net.Conn)) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		use(conn)
		conn.Close()
	}
	panic(http.ErrAbortHandler)
}

// sendLongHeader sends a header line without an end, until the client reads nothing for ten seconds or is gone.
func sendLongHeader(conn net.Conn) {
	filler := []byte(strings.Repeat("x", 16<<10))
	_, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\nX-Padding: ")
	for err == nil {
		if err = conn.SetWriteDeadline(time.Now().Add(10 * time.Second)); err == nil {
			_, err = conn.Write(filler)
		}
	}
}
