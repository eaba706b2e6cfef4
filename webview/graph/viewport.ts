/** Pan and zoom of a drawing: drag, wheel, ctrl+wheel (also a pinch), buttons, and the keyboard through `reveal`. */
export interface View {
  readonly x: number;
  readonly y: number;
  readonly zoom: number;
}

export interface Viewport {
  readonly show: (svg: SVGSVGElement, width: number, height: number, view?: View) => void;
  readonly fit: () => void;
  readonly zoomBy: (factor: number) => void;
  readonly reveal: (box: DOMRect) => void;
  /** Shows a box from its top, large enough to be read, if the whole drawing is too small for that. */
  readonly approach: (box: DOMRect) => void;
  readonly view: () => View | undefined;
}

const [smallest, largest] = [0.05, 3];
/** Below this the names of nodes can't be read. */
const readable = 0.6;

/** `pane` holds the drawing; `changed` hears of every view that a person chose, also that they went back to fit (`undefined`). */
export function createViewport(pane: HTMLElement, changed: (view: View | undefined) => void): Viewport {
  let svg: SVGSVGElement | undefined;
  let size = { width: 1, height: 1 };
  let view: View = { x: 0, y: 0, zoom: 1 };
  let fitted = true;

  const apply = (): void => {
    const { clientWidth, clientHeight } = pane;
    svg?.setAttribute('viewBox', `${view.x} ${view.y} ${Math.max(1, clientWidth / view.zoom)} ${Math.max(1, clientHeight / view.zoom)}`);
  };
  const fitView = (): void => {
    const margin = 24;
    const { clientWidth, clientHeight } = pane;
    const zoom = Math.min(1.15, Math.max(smallest, Math.min((clientWidth - 2 * margin) / size.width, (clientHeight - 2 * margin) / size.height)));
    view = { zoom, x: (size.width - clientWidth / zoom) / 2, y: Math.min((size.height - clientHeight / zoom) / 2, -margin / zoom + Math.max(0, (size.height - clientHeight / zoom) / 2)) };
    apply();
  };
  const choose = (next: View): void => {
    fitted = false;
    view = next;
    apply();
    changed(view);
  };
  const zoomAt = (factor: number, x: number, y: number): void => {
    const zoom = Math.min(largest, Math.max(smallest, view.zoom * factor));
    choose({ zoom, x: view.x + x / view.zoom - x / zoom, y: view.y + y / view.zoom - y / zoom });
  };

  pane.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault();
      const { left, top } = pane.getBoundingClientRect();
      if (event.ctrlKey || event.metaKey) zoomAt(Math.exp(-event.deltaY / 300), event.clientX - left, event.clientY - top);
      else choose({ ...view, x: view.x + event.deltaX / view.zoom, y: view.y + event.deltaY / view.zoom });
    },
    { passive: false },
  );
  let drag: { readonly x: number; readonly y: number; readonly from: View; moved: boolean } | undefined;
  pane.addEventListener('pointerdown', (event) => {
    if (event.button === 0) drag = { x: event.clientX, y: event.clientY, from: view, moved: false };
  });
  pane.addEventListener('pointermove', (event) => {
    if (drag === undefined || event.buttons === 0) return;
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    // A hand that shakes while it clicks does not drag.
    if (!drag.moved && Math.hypot(dx, dy) < 5) return;
    if (!drag.moved) pane.setPointerCapture(event.pointerId);
    drag.moved = true;
    choose({ ...drag.from, x: drag.from.x - dx / view.zoom, y: drag.from.y - dy / view.zoom });
  });
  pane.addEventListener('pointerup', () => (drag = undefined));
  new ResizeObserver(() => (fitted ? fitView() : apply())).observe(pane);

  return {
    show: (next, width, height, saved) => {
      svg?.remove();
      svg = next;
      size = { width, height };
      pane.append(svg);
      if (saved === undefined) {
        fitted = true;
        fitView();
      } else {
        fitted = false;
        view = saved;
        apply();
      }
    },
    fit: () => {
      fitted = true;
      fitView();
      changed(undefined);
    },
    zoomBy: (factor) => zoomAt(factor, pane.clientWidth / 2, pane.clientHeight / 2),
    reveal: (box) => {
      const [width, height] = [pane.clientWidth / view.zoom, pane.clientHeight / view.zoom];
      const margin = 16 / view.zoom;
      const into = (at: number, length: number, from: number, to: number): number => Math.min(Math.max(at, to + margin - length), from - margin);
      const next = { ...view, x: into(view.x, width, box.left, box.right), y: into(view.y, height, box.top, box.bottom) };
      if (next.x !== view.x || next.y !== view.y) choose(next);
    },
    approach: (box) => {
      if (view.zoom >= readable) return;
      const zoom = 0.9;
      choose({ zoom, x: box.x + (box.width - pane.clientWidth / zoom) / 2, y: box.y - 24 / zoom });
    },
    view: () => (fitted ? undefined : view),
  };
}
