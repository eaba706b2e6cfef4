/** Mermaid as a script of its own, for all panels that draw a graph: it is larger than all else of them together. */
import mermaid from 'mermaid';

(globalThis as { runweaveMermaid?: typeof mermaid }).runweaveMermaid = mermaid;
