package io.kurve.protocol.control;

import io.grpc.BindableService;
import io.grpc.stub.StreamObserver;
import io.kurve.core.id.AttachmentId;
import io.kurve.core.metadata.VolumeHostService;
import io.kurve.protocol.convert.Ids;
import io.kurve.protocol.convert.VolumeMessages;
import io.kurve.protocol.v1.AttachRequest;
import io.kurve.protocol.v1.DetachRequest;
import io.kurve.protocol.v1.DeviceList;
import io.kurve.protocol.v1.DeviceRecord;
import io.kurve.protocol.v1.Nothing;
import io.kurve.protocol.v1.VolumeHostGrpc;
import io.kurve.protocol.v1.VolumeName;
import java.util.TreeSet;

/** What a volume host offers on its unix socket. */
public record VolumeHostServices(VolumeHostService host) implements ControlServices {
  @Override
  public String name() {
    return "volume host";
  }

  BindableService bindable() {
    return new Host(host);
  }

  private static final class Host extends VolumeHostGrpc.VolumeHostImplBase {
    private final VolumeHostService service;

    Host(VolumeHostService service) {
      this.service = service;
    }

    @Override
    public void attach(AttachRequest request, StreamObserver<DeviceRecord> out) {
      Answers.answer(
          out,
          () ->
              service.attach(
                  request.getName(),
                  Ids.checked(() ->
                      new TreeSet<>(
                          request.getTakeOverList().stream().map(AttachmentId::new).toList()))),
          VolumeMessages::device);
    }

    @Override
    public void detach(DetachRequest request, StreamObserver<Nothing> out) {
      Answers.done(out, () -> service.detach(request.getName(), request.getForce()));
    }

    @Override
    public void list(Nothing request, StreamObserver<DeviceList> out) {
      Answers.answer(
          out,
          service::list,
          devices ->
              DeviceList.newBuilder()
                  .addAllDevices(devices.stream().map(VolumeMessages::device).toList())
                  .build());
    }

    @Override
    public void info(VolumeName request, StreamObserver<DeviceRecord> out) {
      Answers.answer(out, () -> service.info(request.getName()), VolumeMessages::device);
    }

    @Override
    public void resize(VolumeName request, StreamObserver<DeviceRecord> out) {
      Answers.answer(out, () -> service.resize(request.getName()), VolumeMessages::device);
    }
  }
}
