import { detectLanguage, undetermined } from './detect-language.js';

describe('detectLanguage', () => {
  test.each([
    ['eng', 'What is the capital of Norway?'],
    ['eng', 'Explain the difference between a list and a tuple.'],
    ['eng', 'Write a short poem about rain'],
    ['eng', 'The quarterly report shows that revenue fell in most regions, although costs were lower than a year before.'],
    ['deu', 'Wie weit ist der Mond von der Erde entfernt?'],
    ['deu', 'Der Bericht zeigt, dass die Kosten in den meisten Ländern gestiegen sind.'],
    ['fra', 'Quelle est la capitale de la Norvège ?'],
    ['spa', '¿Cuál es la capital de Noruega y por qué?'],
    ['ita', 'Qual è la capitale della Norvegia e perché non è Bergen?'],
    ['por', 'Qual é a capital da Noruega e por que não é Bergen?'],
    ['nld', 'Wat is de hoofdstad van Noorwegen en waarom is het niet Bergen?'],
    ['pol', 'Jaka jest stolica Norwegii i dlaczego nie jest to Bergen?'],
    ['tur', 'Norveç için en büyük şehir neden Oslo değil mi?'],
    ['cmn', '挪威的首都是什么？'],
    ['jpn', 'ノルウェーの首都はどこですか。'],
    ['kor', '노르웨이의 수도는 어디입니까?'],
    ['ell', 'Ποια είναι η πρωτεύουσα της Νορβηγίας;'],
    ['rus', 'Какой город является столицей Норвегии, и почему им не стал Берген, который долгое время был больше и богаче?'],
    ['arb', 'ما هي عاصمة النرويج ولماذا لم تكن بيرغن وهي المدينة التي كانت أكبر وأغنى لفترة طويلة من الزمن؟'],
  ])('tells %s: %s', (language, text) => {
    expect(detectLanguage(text)).toBe(language);
  });

  test('says that it does not know what has too little to tell by', () => {
    for (const text of ['', '42', '???', 'Oslo', 'x = y + z']) expect(detectLanguage(text)).toBe(undetermined);
  });

  test('looks past blocks of code', () => {
    expect(detectLanguage('Was ist an diesem Programm nicht richtig?\n```python\nfor the in of:\n    print(the, and, of, to, in, is)\n```')).toBe('deu');
  });
});
