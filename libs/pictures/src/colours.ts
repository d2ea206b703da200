/** Told apart on light and on dark paper, and by those who do not see red and green apart. */
export const colours: readonly string[] = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#b8860b', '#56b4e9', '#7f7f7f', '#9467bd'];
