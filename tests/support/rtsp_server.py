#!/usr/bin/python3
"""A small RTSP server for the tests: H.264 over RTSP at /live, endless.

Plays a moving test pattern, or a video file in a loop, at a given rate. Prints `listening PORT` once it accepts
connections. Needs Debian's python3-gi, gir1.2-gst-rtsp-server-1.0, gstreamer1.0-plugins-{base,good,bad,ugly} and,
for files, gstreamer1.0-libav.
"""

import argparse
import os
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402


def encoder(fps):
    """x264 where it is installed, Cisco's encoder otherwise; a key frame each second, no reordering."""
    if Gst.ElementFactory.find("x264enc"):
        return f"x264enc tune=zerolatency speed-preset=ultrafast bitrate=1500 key-int-max={max(1, round(fps))}"
    if Gst.ElementFactory.find("openh264enc"):
        return f"openh264enc gop-size={max(1, round(fps))}"
    sys.exit("rtsp_server: no H.264 encoder: install gstreamer1.0-plugins-ugly or gstreamer1.0-plugins-bad")


def pattern(width, height, fps):
    """The test pattern's pipeline: colour bars, with noise at the lower right so that no picture is like another."""
    return (
        f"( videotestsrc is-live=true pattern=smpte ! video/x-raw,framerate={fps}/1 ! videoscale ! "
        f"capsfilter name=size caps=video/x-raw,width={width},height={height} ! {encoder(fps)} ! "
        "rtph264pay name=pay0 pt=96 config-interval=-1 )"
    )


def double_after(factory, seconds, width, height):
    """Doubles the pattern's size so long after the first client came, in the middle of its stream. Who comes later
    gets the double size from the beginning, in the description too."""
    caps = Gst.Caps.from_string(f"video/x-raw,width={2 * width},height={2 * height}")
    media_before, doubled = [], []

    def resize(media):
        media.get_element().get_child_by_name("size").set_property("caps", caps)

    def double():
        doubled.append(True)
        for media in media_before:
            resize(media)
        return False

    def configure(_factory, media):
        if doubled:
            resize(media)
            return
        if not media_before:
            GLib.timeout_add(round(1000 * seconds), double)
        media_before.append(media)

    factory.set_shared(False)
    factory.connect("media-configure", configure)


class LoopedFile(GstRtspServer.RTSPMediaFactory):
    """A file, decoded and pushed through `appsrc` at its true rate, from its beginning again at its end."""

    def __init__(self, path, fps):
        super().__init__()
        self.path, self.fps = path, fps
        self.set_launch(
            "( appsrc name=in is-live=true format=time block=true max-bytes=4000000 ! videoconvert ! "
            f"{encoder(fps)} ! rtph264pay name=pay0 pt=96 )"
        )

    def do_configure(self, media):
        appsrc = media.get_element().get_child_by_name("in")
        state = {"reader": None, "frame": 0}

        def open_reader():
            reader = Gst.parse_launch(
                f'filesrc location="{self.path}" ! decodebin ! videoconvert ! video/x-raw,format=I420 ! '
                "appsink name=out sync=false max-buffers=4"
            )
            reader.set_state(Gst.State.PLAYING)
            return reader

        def pull():
            for _ in range(2):
                state["reader"] = state["reader"] or open_reader()
                sample = state["reader"].get_by_name("out").emit("pull-sample")
                if sample:
                    return sample
                state["reader"].set_state(Gst.State.NULL)
                state["reader"] = None
            return None

        def tick():
            sample = pull()
            if sample is None:
                return False
            if state["frame"] == 0:
                size = sample.get_caps().get_structure(0)
                width, height = size.get_value("width"), size.get_value("height")
                appsrc.set_property("caps", Gst.Caps.from_string(
                    f"video/x-raw,format=I420,width={width},height={height},framerate={round(self.fps * 1000)}/1000"
                ))
            source = sample.get_buffer()
            buffer = source.copy_deep()
            buffer.pts = buffer.dts = int(state["frame"] * Gst.SECOND / self.fps)
            buffer.duration = int(Gst.SECOND / self.fps)
            state["frame"] += 1
            return appsrc.emit("push-buffer", buffer) == Gst.FlowReturn.OK

        timer = GLib.timeout_add(round(1000 / self.fps), tick)

        def stop(_media):
            GLib.source_remove(timer)
            if state["reader"]:
                state["reader"].set_state(Gst.State.NULL)

        media.connect("unprepared", stop)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: one that is free")
    parser.add_argument("--fps", type=float, default=25)
    parser.add_argument("--size", default="320x240", help="of the test pattern")
    parser.add_argument("--double-after", type=float, help="seconds until the test pattern doubles its size")
    parser.add_argument("--video", help="a file to play in a loop instead of the test pattern")
    parser.add_argument("--user")
    parser.add_argument("--password")
    options = parser.parse_args()

    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(options.port))

    width, height = options.size.split("x")
    if options.video:
        factory = LoopedFile(os.path.abspath(options.video), options.fps)
    else:
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(pattern(width, height, round(options.fps)))
    factory.set_shared(True)
    if options.double_after is not None:
        double_after(factory, options.double_after, int(width), int(height))

    if options.user:
        auth = GstRtspServer.RTSPAuth()
        token = GstRtspServer.RTSPToken()
        token.set_string("media.factory.role", "viewer")
        basic = GstRtspServer.RTSPAuth.make_basic(options.user, options.password or "")
        auth.add_basic(basic, token)
        server.set_auth(auth)
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_permission_for_role("viewer", "media.factory.access", True)
        permissions.add_permission_for_role("viewer", "media.factory.construct", True)
        factory.set_permissions(permissions)

    server.get_mount_points().add_factory("/live", factory)
    loop = GLib.MainLoop()
    if server.attach(None) == 0:
        sys.exit(f"rtsp_server: port {options.port} is in use")
    print(f"listening {server.get_bound_port()}", flush=True)
    loop.run()


if __name__ == "__main__":
    main()
